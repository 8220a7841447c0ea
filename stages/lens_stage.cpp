#include "stages/lens_stage.hpp"

#include <array>
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

void LensStage::render_extended(Stamp& stamp) const {
  const auto& injection = stamp.injection;
  const light::Brightness& source =
      config_.source->make(injection, stamp.buffers->source);
  const imaging::LensedSource object{.lens = &stamp.lens,
                                     .source = &source,
                                     .lens_x_arcsec = injection.lens_x_arcsec,
                                     .lens_y_arcsec = injection.lens_y_arcsec,
                                     .src_x_arcsec = injection.src_x_arcsec,
                                     .src_y_arcsec = injection.src_y_arcsec};
  config_.renderer->render(object, stamp.aperture_x_pix, stamp.aperture_y_pix,
                           *stamp.buffers->renderer, stamp.arc_planes);
  if (!keeps_tolerances(stamp.arc_planes, config_.renderer->config())) {
    stamp.status = Status::not_converged;
  }
}

void LensStage::add_point_images(double share, Stamp& stamp) const {
  const auto& injection = stamp.injection;
  const auto& grid = config_.renderer->config().grid;
  const auto images = lens::find_point_source(
                          stamp.lens, {injection.src_x_arcsec, injection.src_y_arcsec},
                          stamp.buffers->point_source)
                          .images;
  std::array<imaging::PointLight, lens::PointImages::capacity> points;
  std::size_t count = 0;
  // A point behind the centre of a round lens is magnified without limit.
  bool too_magnified = images.status == Status::ring;
  if (images.status == Status::image_search) stamp.status = Status::image_search;
  for (const lens::PointImage& image : images.list()) {
    const double flux = std::abs(image.magnification);
    too_magnified = too_magnified || !(flux <= config_.point->max_magnification);
    if (flux < config_.point->min_magnification) {
      ++stamp.arc_planes.images_left_out;
      continue;
    }
    points[count++] = {
        .x_pix = grid.pix_from_arcsec(image.x_arcsec + injection.lens_x_arcsec),
        .y_pix = grid.pix_from_arcsec(image.y_arcsec + injection.lens_y_arcsec),
        .flux = flux,
        .kind = image.kind};
  }
  if (too_magnified) {
    stamp.status = Status::too_magnified;
    return;
  }
  config_.renderer->add_points(std::span(points).first(count), share,
                               stamp.aperture_x_pix, stamp.aperture_y_pix,
                               stamp.arc_planes);
}

void LensStage::apply(Stamp& stamp, const InjectionStreams&) const {
  const auto& injection = stamp.injection;
  stamp.lens.set(lens_params_of(injection));
  const auto& grid = config_.renderer->config().grid;
  const auto& fixed = config_.aperture_centre_pix;
  stamp.aperture_x_pix =
      fixed ? (*fixed)[0] : grid.pix_from_arcsec(injection.lens_x_arcsec);
  stamp.aperture_y_pix =
      fixed ? (*fixed)[1] : grid.pix_from_arcsec(injection.lens_y_arcsec);
  double point_share = 0.0;
  if (config_.point) {
    point_share = config_.point->has_host ? injection.src_point_fraction : 1.0;
  }
  if (point_share < 1.0) {
    render_extended(stamp);
  } else {
    config_.renderer->clear(stamp.arc_planes);
  }
  if (config_.point) add_point_images(point_share, stamp);
}

}  // namespace lensmill::stages
