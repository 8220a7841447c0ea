#include "stages/sample_stage.hpp"

#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/imaging/host_image.hpp"
#include "lib/light/galaxy_image.hpp"
#include "lib/psf/psfex_range.hpp"
#include "stages/survey_place.hpp"

namespace lensmill::stages {

SampleStage::SampleStage(Config config) : config_(std::move(config)) {
  EXPECT(config_.sampler != nullptr);
  if (config_.lens_place != LensPlace::as_sampled && !config_.inputs->hosts) {
    throw ConfigError("host.centre: only real hosts (host: cutouts) have a centre");
  }
}

void SampleStage::apply(Stamp& stamp, const InjectionStreams& streams) const {
  stamp.injection = config_.sampler->sample(streams.injection_id, stamp.given);
  place(stamp);
  if (stamp.status != Status::ok || !config_.inputs) return;
  for (std::size_t band = 0; band < config_.psf.size(); ++band) {
    const auto* model =
        config_.inputs->psf[band].model(stamp.injection.psf_index[band]);
    if (model != nullptr && !config_.psf[band].extrapolate &&
        psf::beyond_psfex_model(*model, stamp.injection.psf_x_pix[band],
                                stamp.injection.psf_y_pix[band])) {
      stamp.status = Status::bad_psf;
    }
  }
}

void SampleStage::place(Stamp& stamp) const {
  auto& injection = stamp.injection;
  // The priors and files give finite numbers: only a host's flux brings NaN, to sources
  // that are measured against it and to lenses whose mass follows from it.
  if (std::isnan(injection.theta_e_arcsec)) stamp.status = Status::bad_host;
  for (int band = 0; band < config_.bands; ++band) {
    if (std::isnan(injection.src_flux_nmgy[static_cast<std::size_t>(band)])) {
      stamp.status = Status::bad_host;
    }
  }
  if (config_.inputs && config_.inputs->galaxies) {
    const auto galaxy = static_cast<std::size_t>(injection.src_image_index);
    const auto& measured = config_.inputs->galaxy_measurements;
    injection.src_image_id = config_.inputs->galaxies->id(injection.src_image_index);
    injection.src_image_turn_rad = light::galaxy_turn_rad(
        measured.phi_rad[galaxy],
        injection.src_image_flip != 0 ? light::Mirrored::in_x : light::Mirrored::no,
        injection.src_phi_rad);
    if (std::isnan(measured.flux[galaxy])) stamp.status = Status::bad_source;
  }
  if (config_.inputs && config_.inputs->hosts && config_.inputs->hosts->is_survey()) {
    if (!place_on_survey(*config_.inputs->hosts, config_.psf, config_.grid,
                         config_.lens_place, injection)) {
      stamp.status = Status::bad_host;
    }
    return;
  }
  if (config_.lens_place == LensPlace::as_sampled) return;

  const HostCutouts& hosts = *config_.inputs->hosts;
  imaging::Point point{0.5 * (hosts.nx() - 1), 0.5 * (hosts.ny() - 1)};
  if (config_.lens_place == LensPlace::host_centroid) {
    const auto host = static_cast<std::size_t>(injection.host_index);
    point = {config_.inputs->host_measurements.centroid_x_pix[host],
             config_.inputs->host_measurements.centroid_y_pix[host]};
  }
  if (!std::isfinite(point.x_pix) || !std::isfinite(point.y_pix)) {
    stamp.status = Status::bad_host;
  }
  const imaging::Orientation orientation{
      .quarter_turns = static_cast<int>(injection.host_rotation),
      .mirrored = injection.host_flip != 0};
  point = imaging::oriented_point(point, hosts.ny(), hosts.nx(), orientation);
  const bool swapped = orientation.quarter_turns % 2 == 1;
  const auto offset = imaging::crop_offset(swapped ? hosts.nx() : hosts.ny(),
                                           swapped ? hosts.ny() : hosts.nx(),
                                           config_.grid.stamp_size_pix);
  injection.lens_x_arcsec = config_.grid.arcsec_from_pix(point.x_pix - offset.x);
  injection.lens_y_arcsec = config_.grid.arcsec_from_pix(point.y_pix - offset.y);
}

}  // namespace lensmill::stages
