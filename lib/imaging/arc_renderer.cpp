#include "lib/imaging/arc_renderer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/imaging/cell_integrator.hpp"
#include "lib/imaging/extended_flux.hpp"
#include "lib/imaging/fixed_supersampling.hpp"
#include "lib/imaging/render_accuracy.hpp"
#include "lib/imaging/smooth_deposit.hpp"
#include "lib/imaging/structure.hpp"

namespace lensmill::imaging {
namespace {

/// By how much of the peak neighbours of a smooth pixel may differ. Below the
/// calibrated tolerance it has to stay as far below the tolerance as it is there.
double variation_of(double tolerance) {
  const double ratio = tolerance / render_accuracy.calibrated_tolerance;
  return render_accuracy.smooth_variation * (ratio < 1.0 ? ratio : std::sqrt(ratio));
}

}  // namespace

struct ArcRenderer::Parts {
  explicit Parts(const RenderConfig& config)
      : smooth(config.lattice, config.deposit),
        spline(config.deposit == Deposit::spline
                   ? std::make_unique<const SplineDeposit>(config.lattice)
                   : nullptr),
        cells(config, spline.get()) {}
  SmoothDeposit smooth;
  std::unique_ptr<const SplineDeposit> spline;
  CellIntegrator cells;
};

struct ArcRenderer::Workspace {
  CentreGrid centres;
  std::vector<PixelClass> classes;
  SmoothDeposit::Workspace smooth;
  CellIntegrator::Workspace cells;
  RaySamples scratch;
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

void ArcRenderer::clear(ArcPlanes& out) const {
  const int side = config_.grid.stamp_size_pix + 2 * config_.lattice.margin_pix;
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
  out.margin_pix = config_.lattice.margin_pix;
  out.disc_flux.assign(config_.disc_radius_pix.size(), {});
  out.stamp_flux = {};
  out.outside.clear();
  out.total_flux = out.pixel_error = out.core_error = 0.0;
  out.images_left_out = 0;
  out.evaluations = 0;
}

void ArcRenderer::add_points(std::span<const PointLight> points, double share,
                             double core_x_pix, double core_y_pix,
                             ArcPlanes& out) const {
  EXPECT(parts_->spline != nullptr);
  scale_light(1.0 - share, out);
  for (const PointLight& point : points) {
    add_point(config_, *parts_->spline, {.x_pix = core_x_pix, .y_pix = core_y_pix},
              {point.x_pix, point.y_pix, share * point.flux, point.kind}, out);
  }
}

void ArcRenderer::render(const LensedSource& object, double core_x_pix,
                         double core_y_pix, Workspace& w, ArcPlanes& out) const {
  const int margin = config_.lattice.margin_pix;
  clear(out);
  if (config_.supersample > 0) {
    render_fixed(config_, object, core_x_pix, core_y_pix, parts_->spline.get(),
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
  w.centres.shoot(config_.grid, margin, object);
  const double lens_x = config_.grid.pix_from_arcsec(object.lens_x_arcsec);
  const double lens_y = config_.grid.pix_from_arcsec(object.lens_y_arcsec);
  classify_pixels(w.centres,
                  {.variation = variation_of(config_.pixel_tolerance),
                   .core_x_pix = core_x_pix,
                   .core_y_pix = core_y_pix,
                   .core_radius_pix = config_.core_radius_pix,
                   .lens_x_pix = lens_x,
                   .lens_y_pix = lens_y,
                   .singular_lens = object.lens->is_singular_at_centre(),
                   .source = object.source},
                  w.classes);
  mark_structured_pixels(w.centres, *object.source, w.classes);
  const double pixel_area =
      config_.grid.pixel_scale_arcsec * config_.grid.pixel_scale_arcsec;
  parts_->smooth.add(w.centres, w.classes, pixel_area, w.smooth, out);
  out.evaluations += static_cast<long>(w.centres.rays().size());

  auto& rough = w.cells.rough.list;
  rough.clear();
  for (int row = 0; row < side; ++row) {
    const PixelClass* classes = w.classes.data() + std::ptrdiff_t(row) * side;
    for (int column = 0; column < side; ++column) {
      const void* found =
          std::memchr(classes + column, static_cast<unsigned char>(rough_pixel),
                      static_cast<std::size_t>(side - column));
      if (found == nullptr) break;
      column = static_cast<int>(static_cast<const PixelClass*>(found) - classes);
      rough.push_back({.x_pix = static_cast<double>(column - margin),
                       .y_pix = static_cast<double>(row - margin),
                       .column = static_cast<std::int16_t>(column - margin),
                       .row = static_cast<std::int16_t>(row - margin)});
    }
  }
  parts_->cells.integrate(object, core_x_pix, core_y_pix, w.cells, out);
}

}  // namespace lensmill::imaging
