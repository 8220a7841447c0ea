#include "stages/lens_stage.hpp"

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

std::size_t LensStage::choose_level(imaging::ArcPlanes& planes,
                                    Image<double>& workspace,
                                    const imaging::CoreDisc& core) const {
  const auto& levels = config_.margins->levels;
  const auto& wings = config_.margins->wings;
  const auto& render = levels.front().renderer->config();
  const int n = render.grid.stamp_size_pix;
  // The rest of the tolerance is the integration's.
  constexpr double share_of_tolerance = 0.5;
  const double inside =
      std::accumulate(planes.stamp_flux.begin(), planes.stamp_flux.end(), 0.0);
  const double core_allowed = share_of_tolerance * render.core_tolerance *
                              imaging::render_accuracy.least_core_share * inside;
  // A pixel is at least as bright as the mean: light that is dark beside that needs no
  // closer look.
  const double of_peak = share_of_tolerance * render.pixel_tolerance;
  const double dark = of_peak * wings.least_share_of_box(0) * inside / (n * n);
  double pixel_allowed = dark;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const auto left_out = imaging::light_left_out(
        planes.outside, wings, n, levels[k].margin_pix(), core, pixel_allowed);
    planes.left_out_flux = left_out.pixel_flux;
    if (left_out.pixel_flux > pixel_allowed && pixel_allowed == dark) {
      pixel_allowed = of_peak * imaging::least_peak(planes, wings, n, workspace);
    }
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
  if (!config_.margins->wings.empty()) {
    const std::size_t level = choose_level(stamp.arc_planes, stamp.buffers->box_sums,
                                           {.x_pix = stamp.aperture_x_pix,
                                            .y_pix = stamp.aperture_y_pix,
                                            .radius_pix = render.core_radius_pix});
    if (level > 0) render_on(*levels[level].renderer);
    if (std::isnan(stamp.arc_planes.total_flux)) left_out = stamp.arc_planes.total_flux;
  }
  if (!keeps_tolerances(stamp.arc_planes, render)) stamp.status = Status::not_converged;
}

}  // namespace lensmill::stages
