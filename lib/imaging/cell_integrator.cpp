#include "lib/imaging/cell_integrator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

#include "lib/core/lanes.hpp"
#include "lib/imaging/disc_shares.hpp"
#include "lib/imaging/forced_level.hpp"
#include "lib/imaging/kind_fraction.hpp"
#include "lib/imaging/render_accuracy.hpp"
#include "lib/imaging/structure.hpp"

namespace lensmill::imaging {
namespace {

constexpr std::size_t levels = render_accuracy.deepest_level + 1;
// Later waves refine fluxes by less than matters for a tolerance.
constexpr int waves_that_set_scales = 2;
// Cells of one wave: more than any arc that the grid can show needs (128 MiB). Where
// they are not enough, nothing is divided any more and the row is not converged.
constexpr std::size_t most_cells = std::size_t{1} << 22;

// Of a pixel.
constexpr double half_diagonal_pix = 0.5 * std::numbers::sqrt2;

double square(double value) { return value * value; }

/// What estimates are multiplied by at a tolerance tighter than the calibrated one.
double caution(double tolerance) {
  return std::pow(
      render_accuracy.caution_per_decade,
      std::max(0.0, std::log10(render_accuracy.calibrated_tolerance / tolerance)));
}

/// What tolerances of cells are divided by: more than estimates are multiplied by, so
/// that rows do not miss their tolerance by caution alone.
double thoroughness(double tolerance) { return std::pow(caution(tolerance), 1.5); }

/// The brightest pixel of the stamp, and that of stamp and margin.
struct Peaks {
  double stamp = 0.0;
  double all = 0.0;

  void add(double flux, bool in_stamp) {
    all = std::max(all, flux);
    if (in_stamp) stamp = std::max(stamp, flux);
  }
  bool stamp_is_dark() const { return stamp < render_accuracy.least_stamp_peak * all; }
  /// What tolerances are relative to.
  double scale() const {
    return std::max(stamp, render_accuracy.least_stamp_peak * all);
  }
};

/// The running state of one render.
class Rendering {
 public:
  Rendering(const RenderConfig& config, const SplineDeposit* spline,
            CentralImages central, double core_x, double core_y,
            CellIntegrator::RoughPixels& pixels, ArcPlanes& out)
      : config_(config),
        central_(central),
        spline_(spline),
        core_x_(core_x),
        core_y_(core_y),
        area_(config.grid.pixel_scale_arcsec * config.grid.pixel_scale_arcsec),
        pixel_caution_(caution(config.pixel_tolerance)),
        core_caution_(caution(config.core_tolerance)),
        pixel_thoroughness_(thoroughness(config.pixel_tolerance)),
        core_thoroughness_(thoroughness(config.core_tolerance)),
        pixels_(pixels),
        out_(out) {
    const int side = config.grid.stamp_size_pix + 2 * config.lattice.margin_pix;
    if (pixels_.pending.ny() != side) {
      pixels_.pending.assign(side, side, 0.0);
      pixels_.squared_error.assign(side, side, 0.0);
    }
    for (const Cell& pixel : pixels_.list) squared_error(pixel) = 0.0;
    for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
      if (!out.present[kind]) continue;
      const auto flux = out.pixel.plane[kind].pixels();
      add_smooth_peaks(out.pixel.plane[kind]);
      smooth_arc_ += lane_sum(flux);
    }
    for (int level = 0; level <= render_accuracy.deepest_level; ++level) {
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
  /// Whether any of the cell's pixel is in the core: an aperture weighs such pixels by
  /// what they share with it.
  bool touches_core(const Cell& cell) const {
    const double reach = config_.core_radius_pix + half_diagonal_pix;
    return square(cell.column - core_x_) + square(cell.row - core_y_) < square(reach);
  }
  double cell_area(const Cell& cell) const { return cell_area_[level_of(cell)]; }

  /// Fluxes that tolerances are relative to, from what is deposited and pending.
  void update_scales(const std::vector<Cell>& cells, const CellBatch& batch) {
    for (const Cell& pixel : pixels_.list) pending(pixel) = 0.0;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      pending(cells[c]) += cell_area(cells[c]) * batch.estimate(c).bounded_brightness;
    }
    Peaks peaks = smooth_peaks_;
    arc_ = smooth_arc_;
    core_ = 0.0;  // every pixel of the core is rough
    for (const Cell& pixel : pixels_.list) {
      const double flux = pending(pixel) + deposited(pixel);
      peaks.add(flux, in_stamp(pixel));
      arc_ += flux;
      if (in_core(pixel)) core_ += flux;
    }
    for (int level = 0; level <= render_accuracy.deepest_level; ++level) {
      const int deep = std::max(0, level - render_accuracy.level_of_many_cells);
      const double share =
          render_accuracy.cell_share_of_pixel / static_cast<double>(1 << deep);
      pixel_tolerance_[static_cast<std::size_t>(level)] =
          share * config_.pixel_tolerance / pixel_thoroughness_ * peaks.scale();
    }
    core_tolerance_ = render_accuracy.cell_share_of_core * config_.core_tolerance /
                      core_thoroughness_ *
                      std::max(core_, render_accuracy.least_core_share * arc_);
  }

  double tolerance(const Cell& cell) const {
    const double pixel = pixel_tolerance_[level_of(cell)];
    return touches_core(cell) ? std::min(pixel, core_tolerance_) : pixel;
  }
  /// Whether the cell's error, or structure's in all such cells of the pixel together,
  /// is above its share.
  bool is_rough(const Cell& cell, const CellEstimate& estimate) const {
    const double allowed = tolerance(cell);
    return cell_area(cell) * estimate.brightness_error > allowed ||
           structure_flux(estimate, cell_area(cell), cell.level) * (1 << cell.level) >
               allowed;
  }
  double kind_allowance() const { return render_accuracy.kind_tolerance * arc_; }

  void accept(const Cell& cell, const CellBatch& batch, std::size_t index) {
    const CellEstimate& estimate = batch.estimate(index);
    add_error(cell, estimate);
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
    Peaks peaks = smooth_peaks_;
    double worst = 0.0;
    for (const Cell& pixel : pixels_.list) {
      peaks.add(deposited(pixel), in_stamp(pixel));
      worst = std::max(worst, squared_error(pixel));
    }
    worst += square(render_accuracy.hidden_cells * hidden_);
    const double error = pixel_caution_ * std::sqrt(worst);
    out_.pixel_error = peaks.stamp > 0.0 ? error / peaks.stamp : 0.0;
    // Smooth pixels were chosen by a brighter peak, and no error of theirs is
    // estimated.
    if (peaks.stamp_is_dark()) out_.pixel_error = std::max(out_.pixel_error, 1.0);
    const double core = std::max(core_, render_accuracy.least_core_share * arc_);
    const double core_error =
        core_smooth_ +
        std::sqrt(core_squared_ + square(render_accuracy.hidden_cells * core_hidden_));
    out_.core_error = core > 0.0 ? core_caution_ * core_error / core : 0.0;
  }

 private:
  static std::size_t level_of(const Cell& cell) {
    return static_cast<std::size_t>(cell.level);
  }
  double& pending(const Cell& cell) { return at(pixels_.pending, cell); }
  double& squared_error(const Cell& cell) { return at(pixels_.squared_error, cell); }
  bool in_stamp(const Cell& cell) const {
    const int n = config_.grid.stamp_size_pix;
    return std::min(cell.column, cell.row) >= 0 && std::max(cell.column, cell.row) < n;
  }
  void add_smooth_peaks(const Image<double>& plane) {
    smooth_peaks_.add(lane_max(plane.pixels()), config_.lattice.margin_pix == 0);
    if (config_.lattice.margin_pix == 0) return;
    const auto n = static_cast<std::size_t>(config_.grid.stamp_size_pix);
    const auto margin = static_cast<std::size_t>(config_.lattice.margin_pix);
    const std::size_t side = n + 2 * margin;
    for (std::size_t y = margin; y < margin + n; ++y) {
      smooth_peaks_.add(lane_max(plane.pixels().subspan(y * side + margin, n)), true);
    }
  }
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

  void add_error(const Cell& cell, const CellEstimate& estimate) {
    const double area = cell_area(cell);
    const double hidden = area * estimate.hidden_error;
    const double error = area * estimate.brightness_error - hidden;
    const double structure = structure_flux(estimate, area, cell.level);
    squared_error(cell) +=
        error * error + square(render_accuracy.structure_of_worst_pixel * structure);
    hidden_ = std::max(hidden_, hidden);
    if (!touches_core(cell)) return;
    const double smooth = area * estimate.smooth_error;
    if (cell.level == 0) {
      core_smooth_ += smooth;
    } else {
      core_squared_ += square(smooth);
    }
    core_squared_ +=
        square(error - smooth) + square(render_accuracy.structure_of_core * structure);
    core_hidden_ = std::max(core_hidden_, hidden);
  }

  void deposit(const Cell& cell, lens::ImageKind kind,
               const std::array<double, samples_per_cell>& flux) {
    const int margin = config_.lattice.margin_pix;
    const double sum = ((flux[0] + flux[1]) + (flux[2] + flux[3])) +
                       ((flux[4] + flux[5]) + (flux[6] + flux[7])) + flux[8];
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
  double pixel_caution_;
  double core_caution_;
  double pixel_thoroughness_;
  double core_thoroughness_;
  CellIntegrator::RoughPixels& pixels_;
  ArcPlanes& out_;
  Peaks smooth_peaks_;
  double smooth_arc_ = 0.0;
  double arc_ = 0.0;
  double core_ = 0.0;
  double hidden_ = 0.0;        // largest of all cells
  double core_hidden_ = 0.0;   // likewise, of the core's
  double core_smooth_ = 0.0;   // sum, of whole pixels
  double core_squared_ = 0.0;  // sum of squares of all else
  // By cell level.
  std::array<double, levels> cell_area_{};
  std::array<std::array<double, samples_per_cell>, levels> node_area_{};
  std::array<double, levels> pixel_tolerance_{};
  double core_tolerance_ = 0.0;
};

}  // namespace

void CellIntegrator::integrate(const LensedSource& object, double core_x_pix,
                               double core_y_pix, Workspace& w, ArcPlanes& out) const {
  const int forced =
      forced_level(object, config_.grid.pixel_scale_arcsec,
                   render_accuracy.cell_share_of_core * config_.core_tolerance *
                       render_accuracy.least_core_share,
                   w.scratch);
  w.cells = w.rough.list;
  Rendering rendering(config_, spline_, object.lens->central_images(), core_x_pix,
                      core_y_pix, w.rough, out);
  bool complete = true;
  for (int wave = 0; !w.cells.empty(); ++wave) {
    const std::span<const Cell> cells(w.cells);
    const bool sets_scales = wave < waves_that_set_scales;
    const std::size_t together = sets_scales ? cells.size() : cells_per_batch;
    out.evaluations += static_cast<long>(cells.size()) * samples_per_cell;
    w.next.clear();
    for (std::size_t first = 0; first < cells.size(); first += together) {
      const auto part = cells.subspan(first, std::min(together, cells.size() - first));
      w.batch.evaluate(part, config_.grid, object);
      if (sets_scales) rendering.update_scales(w.cells, w.batch);
      for (std::size_t c = 0; c < part.size(); ++c) {
        const Cell& cell = part[c];
        const CellEstimate& estimate = w.batch.estimate(c);
        const double area = rendering.cell_area(cell);
        const bool rough = rendering.is_rough(cell, estimate);
        const bool central =
            w.batch.lens_distance(c) < render_accuracy.central_distance &&
            cell.level < forced;
        const bool mixed =
            estimate.mixed_kinds &&
            render_accuracy.misassigned_share * area * estimate.mean_brightness >
                rendering.kind_allowance();
        const bool divide =
            (rough || central || mixed) && cell.level < render_accuracy.deepest_level;
        complete = complete && (!divide || w.next.size() < most_cells);
        if (divide && complete) {
          quarter(cell, w.next);
        } else {
          rendering.accept(cell, w.batch, c);
        }
      }
    }
    std::swap(w.cells, w.next);
  }
  rendering.finish();
  // As large as the peak: of what was not divided nothing is known.
  if (!complete) out.pixel_error = std::max(out.pixel_error, 1.0);
}

}  // namespace lensmill::imaging
