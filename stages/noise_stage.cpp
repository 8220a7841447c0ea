#include "stages/noise_stage.hpp"

#include <algorithm>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/imaging/noise.hpp"
#include "lib/measure/snr.hpp"
#include "stages/buffers.hpp"

namespace lensmill::stages {
namespace {

bool is_real(config::HostKind host) { return host == config::HostKind::cutouts; }

}  // namespace

NoiseStage::NoiseStage(Config config) : config_(std::move(config)) {
  if (config_.target_snr && !config_.enabled) {
    throw ConfigError(
        "src_target_snr: a target SNR needs noise (`noise: none` has no variance); "
        "give "
        "noise.sky_sigma_nmgy or the source flux");
  }
}

void NoiseStage::fill_variance(Stamp& stamp, std::size_t b,
                               const Image<float>& arc) const {
  auto& images = stamp.images[b];
  images.variance.assign(arc.ny(), arc.nx(), std::numeric_limits<float>::quiet_NaN());
  if (!config_.enabled) return;
  const double gain = config_.gain_e_per_nmgy[b];
  if (is_real(config_.host)) {
    imaging::real_host_variance(images.host_variance, gain, arc, images.variance);
  } else {
    imaging::pair_variance(
        {.sky_sigma_nmgy = stamp.injection.sky_sigma_nmgy[b], .gain_e_per_nmgy = gain},
        images.host, arc, images.variance);
  }
}

void NoiseStage::solve_target_snr(Stamp& stamp) const {
  // The fluxes are in the right ratios; one factor scales all bands.
  std::array<measure::SnrBand, max_bands> problem;
  auto& empty = stamp.buffers->unit_stamp;
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    auto& images = stamp.images[b];
    empty.assign(images.arc.ny(), images.arc.nx(), 0.0F);
    fill_variance(stamp, b, empty);
    const double gain = config_.gain_e_per_nmgy[b];
    problem[b] = {.unit_arc = images.arc,
                  .base_variance = images.variance,
                  .inverse_gain = gain > 0.0 ? 1.0 / gain : 0.0};
  }
  const auto factor = measure::scale_for_snr(
      std::span(problem).first(static_cast<std::size_t>(config_.bands)),
      stamp.injection.src_target_snr);
  if (!factor) {
    stamp.status = Status::snr_unreachable;
    return;
  }
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    stamp.injection.src_flux_nmgy[b] *= *factor;
    auto& images = stamp.images[b];
    for (auto* image : {&images.arc, &images.counter_image, &images.arc_intrinsic}) {
      for (float& value : image->pixels()) {
        value = static_cast<float>(*factor * double{value});
      }
    }
  }
}

void NoiseStage::apply(Stamp& stamp, const InjectionStreams& streams) const {
  if (config_.target_snr) solve_target_snr(stamp);
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    auto& images = stamp.images[b];
    fill_variance(stamp, b, images.arc);
    images.negative.assign(images.arc.ny(), images.arc.nx());
    images.positive.assign(images.arc.ny(), images.arc.nx());
    if (!config_.enabled) {
      std::ranges::copy(images.host.pixels(), images.negative.pixels().begin());
      std::ranges::transform(images.host.pixels(), images.arc.pixels(),
                             images.positive.pixels().begin(), std::plus<>{});
      continue;
    }
    const double gain = config_.gain_e_per_nmgy[b];
    imaging::NonPositivePixels skipped;
    if (is_real(config_.host)) {
      skipped = imaging::add_arc_noise(streams, band, gain, images.host, images.arc,
                                       images.negative, images.positive);
    } else {
      skipped = imaging::add_pair_noise(
          streams, band,
          {.sky_sigma_nmgy = stamp.injection.sky_sigma_nmgy[b],
           .gain_e_per_nmgy = gain},
          images.host, images.arc, images.negative, images.positive);
    }
    stamp.measurement.non_positive_mean_pixels[b] = skipped.host + skipped.arc;
  }
}

}  // namespace lensmill::stages
