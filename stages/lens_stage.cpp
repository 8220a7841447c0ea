#include "stages/lens_stage.hpp"

#include <cmath>

#include "stages/buffers.hpp"
#include "stages/lens_of.hpp"

namespace lensmill::stages {

bool keeps_tolerances(const imaging::ArcPlanes& planes,
                      const imaging::RenderConfig& tolerances) {
  return !(planes.pixel_error > tolerances.pixel_tolerance) &&
         !(planes.core_error > tolerances.core_tolerance);
}

void LensStage::apply(Stamp& stamp, const InjectionStreams&) const {
  const auto& injection = stamp.injection;
  const lens::LensModel lens = lens_of(injection);
  const light::Brightness& source =
      config_.source->make(injection, stamp.buffers->source);
  const imaging::LensedSource object{.lens = &lens,
                                     .source = &source,
                                     .lens_x_arcsec = injection.lens_x_arcsec,
                                     .lens_y_arcsec = injection.lens_y_arcsec,
                                     .src_x_arcsec = injection.src_x_arcsec,
                                     .src_y_arcsec = injection.src_y_arcsec};
  const auto& render = config_.renderer->config();
  const bool at_lens = std::isnan(config_.aperture_x_pix);
  const double x = at_lens ? render.grid.pix_from_arcsec(injection.lens_x_arcsec)
                           : config_.aperture_x_pix;
  const double y = at_lens ? render.grid.pix_from_arcsec(injection.lens_y_arcsec)
                           : config_.aperture_y_pix;
  config_.renderer->render(object, x, y, *stamp.buffers->renderer, stamp.arc_planes);
  if (!keeps_tolerances(stamp.arc_planes, render)) stamp.status = Status::not_converged;
}

}  // namespace lensmill::stages
