#include "lib/imaging/arc_renderer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/core/lanes.hpp"
#include "lib/imaging/cell_batch.hpp"
#include "lib/imaging/disc_shares.hpp"
#include "lib/imaging/extended_flux.hpp"
#include "lib/imaging/fixed_supersampling.hpp"
#include "lib/imaging/forced_level.hpp"
#include "lib/imaging/kind_fraction.hpp"
#include "lib/imaging/smooth_deposit.hpp"
#include "lib/imaging/spline_deposit.hpp"
#include "lib/imaging/structure.hpp"

namespace lensmill::imaging {
namespace {

// How the contract's tolerances are dealt to single cells and pixels. The estimates are
// bounds rather than means, errors of many cells partly cancel, and the worst pixel is
// one of many: shares found by calibration against independently integrated images.
constexpr double cell_share_of_pixel = 0.2;
constexpr double cell_share_of_core = 0.05;
// A cusp that runs through a pixel as a line meets twice as many cells each level down;
// beyond this level, where they become many, their errors add up in quadrature to a
// fixed share of the pixel's.
constexpr int level_of_many_cells = 4;
constexpr double variation_per_root_tolerance = 0.02 / 0.0316227766;  // 0.02 at 1e-3
// A cell crossed by a critical curve misassigns about this share of its flux.
constexpr double misassigned_share = 0.02;
constexpr double kind_tolerance = 1.0e-4;  // of the arc's flux, per cell
// No cell is cut deeper: 2^-13 pixel.
constexpr int deepest_level = 13;
constexpr std::size_t levels = deepest_level + 1;
// Distance, in half widths, below which a cell counts as next to the lens centre.
constexpr double central_distance = 3.0;
// Later waves refine fluxes by less than matters for a tolerance.
constexpr int waves_that_set_scales = 2;
// The core's flux matters down to this share of the arc (accuracy contract).
constexpr double least_core_share = 1.0e-2;

}  // namespace

struct ArcRenderer::Parts {
  explicit Parts(const RenderConfig& config) : smooth(config.lattice, config.deposit) {
    if (config.deposit == Deposit::spline) spline.emplace(config.lattice);
  }
  const SplineDeposit* spline_or_null() const { return spline ? &*spline : nullptr; }
  SmoothDeposit smooth;
  std::optional<SplineDeposit> spline;
};

namespace {

/// The pixels that are cut into cells, and what is known of each; the images hold
/// nothing of use elsewhere.
struct RoughPixels {
  std::vector<Cell> rough;      ///< whole pixels: cells of level 0
  Image<double> pending;        ///< flux of cells not yet accepted
  Image<double> squared_error;  ///< of accepted cells
};

}  // namespace

struct ArcRenderer::Workspace {
  CentreGrid centres;
  std::vector<float> row_classes;
  std::vector<PixelClass> classes;
  SmoothDeposit::Workspace smooth;
  std::vector<Cell> cells;
  std::vector<Cell> next;
  CellBatch batch;
  RaySamples scratch;
  RoughPixels pixels;
  ExtendedFlux::Workspace extended;
};

void ArcRenderer::WorkspaceDeleter::operator()(Workspace* workspace) const {
  delete workspace;
}

ArcRenderer::WorkspacePointer ArcRenderer::make_workspace() {
  return WorkspacePointer(new Workspace);
}

ArcRenderer::ArcRenderer(RenderConfig config) : config_(std::move(config)) {
  const Lattice& lattice = config_.lattice;
  if (config_.deposit == Deposit::pixels &&
      (lattice.oversample != 1 || lattice.border != 0)) {
    throw ConfigError(
        "convolve.oversample: depositing whole pixels needs oversample 1 and no "
        "border");
  }
  if (lattice.stamp_size_pix != config_.grid.stamp_size_pix) {
    throw ConfigError("grid.stamp_size_pix: differs from the convolution lattice's");
  }
  parts_ = std::make_unique<const Parts>(config_);
}

ArcRenderer::~ArcRenderer() = default;

namespace {

/// The running state of one render.
class Rendering {
 public:
  Rendering(const RenderConfig& config, const SplineDeposit* spline,
            CentralImages central, double core_x, double core_y, RoughPixels& pixels,
            ArcPlanes& out)
      : config_(config),
        central_(central),
        spline_(spline),
        core_x_(core_x),
        core_y_(core_y),
        area_(config.grid.pixel_scale_arcsec * config.grid.pixel_scale_arcsec),
        pixels_(pixels),
        out_(out) {
    const int side = config.grid.stamp_size_pix + 2 * config.lattice.margin_pix;
    if (pixels_.pending.ny() != side) {
      pixels_.pending.assign(side, side, 0.0);
      pixels_.squared_error.assign(side, side, 0.0);
    }
    for (const Cell& pixel : pixels_.rough) squared_error(pixel) = 0.0;
    for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
      if (!out.present[kind]) continue;
      const auto flux = out.pixel.plane[kind].pixels();
      smooth_peak_ = std::max(smooth_peak_, lane_max(flux));
      smooth_arc_ += lane_sum(flux);
    }
    for (int level = 0; level <= deepest_level; ++level) {
      const auto l = static_cast<std::size_t>(level);
      cell_area_[l] = area_ / static_cast<double>(std::int64_t{1} << (2 * level));
      for (std::size_t k = 0; k < samples_per_cell; ++k) {
        node_area_[l][k] =
            0.25 * cell_area_[l] * gauss_weight[k / 3] * gauss_weight[k % 3];
      }
    }
  }

  bool in_core(const Cell& cell) const {
    const double dx = cell.column - core_x_;
    const double dy = cell.row - core_y_;
    return dx * dx + dy * dy < config_.core_radius_pix * config_.core_radius_pix;
  }
  double cell_area(const Cell& cell) const { return cell_area_[level_of(cell)]; }

  /// Fluxes that tolerances are relative to, from what is deposited and pending.
  void update_scales(const std::vector<Cell>& cells, const CellBatch& batch) {
    for (const Cell& pixel : pixels_.rough) pending(pixel) = 0.0;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      pending(cells[c]) += cell_area(cells[c]) * batch.estimate(c).bounded_brightness;
    }
    peak_ = smooth_peak_;
    arc_ = smooth_arc_;
    core_ = 0.0;  // every pixel of the core is rough
    for (const Cell& pixel : pixels_.rough) {
      const double flux = pending(pixel) + deposited(pixel);
      peak_ = std::max(peak_, flux);
      arc_ += flux;
      if (in_core(pixel)) core_ += flux;
    }
    for (int level = 0; level <= deepest_level; ++level) {
      const int deep = std::max(0, level - level_of_many_cells);
      const double share =
          cell_share_of_pixel / std::sqrt(static_cast<double>(1 << deep));
      pixel_tolerance_[static_cast<std::size_t>(level)] =
          share * config_.pixel_tolerance * peak_;
    }
    core_tolerance_ = cell_share_of_core * config_.core_tolerance *
                      std::max(core_, least_core_share * arc_);
  }

  double tolerance(const Cell& cell) const {
    const double pixel = pixel_tolerance_[level_of(cell)];
    return in_core(cell) ? std::min(pixel, core_tolerance_) : pixel;
  }
  /// Whether the cell's error, or structure's in all such cells of the pixel together,
  /// is above its share.
  bool is_rough(const Cell& cell, const CellEstimate& estimate) const {
    const double allowed = tolerance(cell);
    return cell_area(cell) * estimate.brightness_error > allowed ||
           structure_flux(estimate, cell_area(cell), cell.level) * (1 << cell.level) >
               allowed;
  }
  double kind_allowance() const { return kind_tolerance * arc_; }

  void accept(const Cell& cell, const CellBatch& batch, std::size_t index) {
    const CellEstimate& estimate = batch.estimate(index);
    const double error = cell_area(cell) * estimate.brightness_error;
    const double structure = structure_flux(estimate, cell_area(cell), cell.level);
    const double square = error * error + structure * structure;
    squared_error(cell) += square;
    if (in_core(cell)) core_error_ += square;
    std::array<double, samples_per_cell> flux = batch.brightness(index);
    const auto& area = node_area_[level_of(cell)];
    for (std::size_t k = 0; k < samples_per_cell; ++k) flux[k] *= area[k];
    if (!estimate.mixed_kinds) {
      deposit(cell, batch.kind_of_centre(index), flux);
      return;
    }
    const CellSamples samples = batch.samples(index);
    const KindShares shares = kind_shares(samples, central_);
    for (int kind = 0; kind < lens::kind_count; ++kind) {
      auto part = flux;
      double sum = 0.0;
      for (std::size_t k = 0; k < samples_per_cell; ++k) {
        part[k] *= shares[static_cast<std::size_t>(kind)][k];
        sum += part[k];
      }
      // An image may be below zero.
      if (sum != 0.0) deposit(cell, static_cast<lens::ImageKind>(kind + 1), part);
    }
  }

  /// Error estimates over the finished image.
  void finish() {
    double peak = smooth_peak_;
    double worst = 0.0;
    for (const Cell& pixel : pixels_.rough) {
      peak = std::max(peak, deposited(pixel));
      worst = std::max(worst, squared_error(pixel));
    }
    out_.pixel_error = peak > 0.0 ? std::sqrt(worst) / peak : 0.0;
    const double core = std::max(core_, least_core_share * arc_);
    out_.core_error = core > 0.0 ? std::sqrt(core_error_) / core : 0.0;
  }

 private:
  static std::size_t level_of(const Cell& cell) {
    return static_cast<std::size_t>(cell.level);
  }
  double& pending(const Cell& cell) { return at(pixels_.pending, cell); }
  double& squared_error(const Cell& cell) { return at(pixels_.squared_error, cell); }
  /// Of all kinds, in the cell's pixel.
  double deposited(const Cell& cell) {
    double flux = 0.0;
    for (auto& plane : out_.pixel.plane) flux += at(plane, cell);
    return flux;
  }
  double& at(Image<double>& image, const Cell& cell) const {
    const int margin = config_.lattice.margin_pix;
    return image(cell.row + margin, cell.column + margin);
  }

  void deposit(const Cell& cell, lens::ImageKind kind,
               const std::array<double, samples_per_cell>& flux) {
    const int margin = config_.lattice.margin_pix;
    double sum = 0.0;
    for (const double value : flux) sum += value;
    out_.pixel[kind](cell.row + margin, cell.column + margin) += sum;
    out_.present[static_cast<std::size_t>(kind_index(kind))] = true;
    if (spline_) spline_->add_cell(cell, flux, out_.lattice[kind]);
    for (std::size_t r = 0; r < config_.disc_radius_pix.size(); ++r) {
      const auto share = disc_shares(cell, {.x_pix = core_x_,
                                            .y_pix = core_y_,
                                            .radius_pix = config_.disc_radius_pix[r]});
      double inside = 0.0;
      for (std::size_t k = 0; k < samples_per_cell; ++k) inside += share[k] * flux[k];
      out_.disc_flux[r][static_cast<std::size_t>(kind_index(kind))] += inside;
    }
  }

  const RenderConfig& config_;
  CentralImages central_;
  const SplineDeposit* spline_;
  double core_x_;
  double core_y_;
  double area_;
  RoughPixels& pixels_;
  ArcPlanes& out_;
  double smooth_peak_ = 0.0;
  double smooth_arc_ = 0.0;
  double peak_ = 0.0;
  double arc_ = 0.0;
  double core_ = 0.0;
  double core_error_ = 0.0;
  // By cell level.
  std::array<double, levels> cell_area_{};
  std::array<std::array<double, samples_per_cell>, levels> node_area_{};
  std::array<double, levels> pixel_tolerance_{};
  double core_tolerance_ = 0.0;
};

}  // namespace

void ArcRenderer::render(const LensedSource& object, double core_x_pix,
                         double core_y_pix, Workspace& w, ArcPlanes& out) const {
  const int margin = config_.lattice.margin_pix;
  const int side = config_.grid.stamp_size_pix + 2 * margin;
  const int lattice_side = config_.lattice.size();
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    // A plane of the right size that the render before left alone is zero already.
    const auto clear = [&](Image<double>& plane, int wanted) {
      if (out.present[kind] || plane.ny() != wanted) plane.assign(wanted, wanted, 0.0);
    };
    clear(out.pixel.plane[kind], side);
    clear(out.lattice.plane[kind], lattice_side);
  }
  out.present = {};
  out.disc_flux.assign(config_.disc_radius_pix.size(), {});

  out.evaluations = 0;
  if (config_.supersample > 0) {
    render_fixed(config_, object, core_x_pix, core_y_pix, parts_->spline_or_null(),
                 w.scratch, out);
    out.pixel_error = out.core_error = std::numeric_limits<double>::quiet_NaN();
  } else {
    render_adaptive(object, core_x_pix, core_y_pix, w, out);
  }

  if (config_.deposit == Deposit::pixels) {
    for (std::size_t k = 0; k < lens::kind_count; ++k) {
      std::ranges::copy(out.pixel.plane[k].pixels(),
                        out.lattice.plane[k].pixels().begin());
    }
  }
  out.total_flux = ExtendedFlux(config_.grid).total(object, margin, out, w.extended);
}

void ArcRenderer::render_adaptive(const LensedSource& object, double core_x_pix,
                                  double core_y_pix, Workspace& w,
                                  ArcPlanes& out) const {
  const int margin = config_.lattice.margin_pix;
  const int side = config_.grid.stamp_size_pix + 2 * margin;
  const bool singular = object.lens->params().theta_e_arcsec > 0.0;
  w.centres.shoot(config_.grid, margin, object);
  const double lens_x = config_.grid.pix_from_arcsec(object.lens_x_arcsec);
  const double lens_y = config_.grid.pix_from_arcsec(object.lens_y_arcsec);
  classify_pixels(
      w.centres,
      {.variation = variation_per_root_tolerance * std::sqrt(config_.pixel_tolerance),
       .core_x_pix = core_x_pix,
       .core_y_pix = core_y_pix,
       .core_radius_pix = config_.core_radius_pix,
       .lens_x_pix = lens_x,
       .lens_y_pix = lens_y,
       .singular_lens = singular,
       .source = object.source},
      w.row_classes, w.classes);
  mark_structured_pixels(w.centres, *object.source, w.classes);
  const double pixel_area =
      config_.grid.pixel_scale_arcsec * config_.grid.pixel_scale_arcsec;
  parts_->smooth.add(w.centres, w.classes, pixel_area, w.smooth, out);
  out.evaluations += static_cast<long>(w.centres.rays().size());

  w.cells.clear();
  for (int row = 0; row < side; ++row) {
    const PixelClass* classes = w.classes.data() + std::ptrdiff_t(row) * side;
    for (int column = 0; column < side; ++column) {
      if (classes[column] != rough_pixel) continue;
      w.cells.push_back({.x_pix = static_cast<double>(column - margin),
                         .y_pix = static_cast<double>(row - margin),
                         .column = static_cast<std::int16_t>(column - margin),
                         .row = static_cast<std::int16_t>(row - margin)});
    }
  }
  w.pixels.rough = w.cells;
  const int forced = forced_level(
      object, config_.grid.pixel_scale_arcsec,
      cell_share_of_core * config_.core_tolerance * least_core_share, w.scratch);

  constexpr double isothermal = 2.0;
  const auto central_images = object.lens->params().gamma < isothermal
                                  ? CentralImages::possible
                                  : CentralImages::none;
  Rendering rendering(config_, parts_->spline_or_null(), central_images, core_x_pix,
                      core_y_pix, w.pixels, out);
  for (int wave = 0; !w.cells.empty(); ++wave) {
    w.batch.evaluate(w.cells, config_.grid, object);
    out.evaluations += static_cast<long>(w.cells.size()) * samples_per_cell;
    if (wave < waves_that_set_scales) rendering.update_scales(w.cells, w.batch);
    w.next.clear();
    for (std::size_t c = 0; c < w.cells.size(); ++c) {
      const Cell& cell = w.cells[c];
      const CellEstimate& estimate = w.batch.estimate(c);
      const double area = rendering.cell_area(cell);
      const bool rough = rendering.is_rough(cell, estimate);
      const bool central =
          w.batch.lens_distance(c) < central_distance && cell.level < forced;
      const bool mixed =
          estimate.mixed_kinds && misassigned_share * area * estimate.mean_brightness >
                                      rendering.kind_allowance();
      if ((rough || central || mixed) && cell.level < deepest_level) {
        quarter(cell, w.next);
      } else {
        rendering.accept(cell, w.batch, c);
      }
    }
    std::swap(w.cells, w.next);
  }
  rendering.finish();
}

}  // namespace lensmill::imaging
