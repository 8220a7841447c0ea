#include "stages/lens_stage.hpp"

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
  stamp.lens.set(lens_params_of(injection));
  const light::Brightness& source =
      config_.source->make(injection, stamp.buffers->source);
  const imaging::LensedSource object{.lens = &stamp.lens,
                                     .source = &source,
                                     .lens_x_arcsec = injection.lens_x_arcsec,
                                     .lens_y_arcsec = injection.lens_y_arcsec,
                                     .src_x_arcsec = injection.src_x_arcsec,
                                     .src_y_arcsec = injection.src_y_arcsec};
  const auto& render = config_.renderer->config();
  const auto& fixed = config_.aperture_centre_pix;
  stamp.aperture_x_pix =
      fixed ? (*fixed)[0] : render.grid.pix_from_arcsec(injection.lens_x_arcsec);
  stamp.aperture_y_pix =
      fixed ? (*fixed)[1] : render.grid.pix_from_arcsec(injection.lens_y_arcsec);
  config_.renderer->render(object, stamp.aperture_x_pix, stamp.aperture_y_pix,
                           *stamp.buffers->renderer, stamp.arc_planes);
  if (!keeps_tolerances(stamp.arc_planes, render)) stamp.status = Status::not_converged;
}

}  // namespace lensmill::stages
