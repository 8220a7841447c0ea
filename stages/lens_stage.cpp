#include "stages/lens_stage.hpp"

#include <cmath>
#include <span>

#include "lib/lens/point_images.hpp"
#include "stages/buffers.hpp"
#include "stages/lens_of.hpp"

namespace lensmill::stages {

bool keeps_tolerances(const imaging::ArcPlanes& planes,
                      const imaging::RenderConfig& tolerances) {
  return !(planes.pixel_error > tolerances.pixel_tolerance) &&
         !(planes.core_error > tolerances.core_tolerance);
}

LensStage::Points LensStage::find_points(Stamp& stamp) const {
  const auto& injection = stamp.injection;
  const auto& grid = config_.renderer->config().grid;
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
  const auto& render = config_.renderer->config();
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
  render_on(*config_.renderer);
  if (!keeps_tolerances(stamp.arc_planes, render)) stamp.status = Status::not_converged;
}

}  // namespace lensmill::stages
