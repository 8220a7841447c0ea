#include "stages/lens_stage.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>

#include "lib/imaging/render_accuracy.hpp"
#include "lib/lens/point_images.hpp"
#include "stages/buffers.hpp"
#include "stages/lens_of.hpp"

namespace lensmill::stages {

bool keeps_tolerances(const imaging::ArcPlanes& planes,
                      const imaging::RenderConfig& tolerances) {
  return !(planes.pixel_error > tolerances.pixel_tolerance) &&
         !(planes.core_error > tolerances.core_tolerance);
}

std::size_t LensStage::choose_level(Stamp& stamp) const {
  auto& planes = stamp.arc_planes;
  const auto& levels = config_.margins->levels;
  const auto& render = levels.front().renderer->config();
  const int n = render.grid.stamp_size_pix;
  // The rest of the tolerance is the integration's.
  constexpr double share_of_tolerance = 0.5;
  const double of_peak = share_of_tolerance * render.pixel_tolerance;
  const double inside =
      std::accumulate(planes.stamp_flux.begin(), planes.stamp_flux.end(), 0.0);
  // The core counts down to this share of the arc (accuracy contract).
  const double of_core = share_of_tolerance * render.core_tolerance;
  const double faint_core = imaging::render_accuracy.least_core_share * inside;

  // Whatever the PSF, it leaves to the pixel that light comes from at least this share
  // of what it brings into any one. So light outside that is fainter, all of it, than
  // this beside the stamp's mean pixel cannot matter.
  constexpr double least_kept = 0.01;
  double outside = 0.0;
  for (const auto& cell : planes.outside) outside += std::abs(cell.flux);
  planes.left_out_flux = outside;
  if (outside <=
      std::min(of_core * faint_core, of_peak * least_kept * inside / (n * n))) {
    return 0;
  }
  const auto& wings =
      config_.margins->wings_of(stamp.injection, config_.bands, stamp.buffers->wings);
  const imaging::CoreDisc core{.x_pix = stamp.aperture_x_pix,
                               .y_pix = stamp.aperture_y_pix,
                               .radius_pix = render.core_radius_pix};
  const auto least =
      imaging::least_light(planes, wings, n, core, stamp.buffers->box_sums);
  const double pixel_allowed = of_peak * least.peak_flux;
  const double core_allowed = of_core * std::max(faint_core, least.core_flux);
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const auto left_out = imaging::light_left_out(
        planes.outside, wings, n, levels[k].margin_pix(), core, pixel_allowed);
    planes.left_out_flux = left_out.pixel_flux;
    if (left_out.pixel_flux <= pixel_allowed && left_out.core_flux <= core_allowed) {
      return k;
    }
  }
  return levels.size() - 1;
}

LensStage::Points LensStage::find_points(Stamp& stamp) const {
  const auto& injection = stamp.injection;
  const auto& grid = config_.margins->least().renderer->config().grid;
  const auto images = lens::find_point_source(
                          stamp.lens, {injection.src_x_arcsec, injection.src_y_arcsec},
                          stamp.buffers->point_source)
                          .images;
  if (images.status == Status::image_search) stamp.status = Status::image_search;
  // A point behind the centre of a round lens is magnified without limit.
  if (images.status == Status::ring) stamp.status = Status::too_magnified;
  Points points{.share = config_.point->has_host ? injection.src_point_fraction : 1.0};
  for (const lens::PointImage& image : images.list()) {
    const double flux = std::abs(image.magnification);
    if (!(flux <= config_.point->max_magnification)) {
      stamp.status = Status::too_magnified;
    }
    if (flux < config_.point->min_magnification) {
      ++points.left_out;
      continue;
    }
    points.light[points.count++] = {
        .x_pix = grid.pix_from_arcsec(image.x_arcsec + injection.lens_x_arcsec),
        .y_pix = grid.pix_from_arcsec(image.y_arcsec + injection.lens_y_arcsec),
        .flux = flux,
        .kind = image.kind};
  }
  return points;
}

void LensStage::apply(Stamp& stamp, const InjectionStreams&) const {
  const auto& injection = stamp.injection;
  stamp.lens.set(lens_params_of(injection));
  const auto& levels = config_.margins->levels;
  const auto& render = levels.front().renderer->config();
  const auto& fixed = config_.aperture_centre_pix;
  stamp.aperture_x_pix =
      fixed ? (*fixed)[0] : render.grid.pix_from_arcsec(injection.lens_x_arcsec);
  stamp.aperture_y_pix =
      fixed ? (*fixed)[1] : render.grid.pix_from_arcsec(injection.lens_y_arcsec);
  Points points;
  if (config_.point) points = find_points(stamp);
  if (!can_go_on(stamp.status)) return;

  imaging::LensedSource object{.lens = &stamp.lens,
                               .lens_x_arcsec = injection.lens_x_arcsec,
                               .lens_y_arcsec = injection.lens_y_arcsec,
                               .src_x_arcsec = injection.src_x_arcsec,
                               .src_y_arcsec = injection.src_y_arcsec};
  const bool is_extended = points.share < 1.0;
  if (is_extended) {
    object.source = &config_.source->make(injection, stamp.buffers->source);
  }
  const auto render_on = [&](const imaging::ArcRenderer& renderer) {
    if (is_extended) {
      renderer.render(object, stamp.aperture_x_pix, stamp.aperture_y_pix,
                      *stamp.buffers->renderer, stamp.arc_planes);
    } else {
      renderer.clear(stamp.arc_planes);
    }
    if (!config_.point) return;
    renderer.add_points(std::span(points.light).first(points.count), points.share,
                        stamp.aperture_x_pix, stamp.aperture_y_pix, stamp.arc_planes);
    stamp.arc_planes.images_left_out = points.left_out;
  };
  render_on(*levels.front().renderer);
  auto& left_out = stamp.arc_planes.left_out_flux;
  left_out = std::numeric_limits<double>::quiet_NaN();
  if (config_.margins->knows_outside) {
    const std::size_t level = choose_level(stamp);
    if (level > 0) render_on(*levels[level].renderer);
    if (std::isnan(stamp.arc_planes.total_flux)) left_out = stamp.arc_planes.total_flux;
  }
  if (!keeps_tolerances(stamp.arc_planes, render)) stamp.status = Status::not_converged;
}

}  // namespace lensmill::stages
