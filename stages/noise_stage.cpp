#include "stages/noise_stage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/imaging/noise.hpp"
#include "lib/measure/correlated_snr.hpp"
#include "lib/measure/snr.hpp"
#include "stages/buffers.hpp"

namespace lensmill::stages {
namespace {

// Places of a map that are tried before a row is given up: enough for maps of which a
// twentieth is of use.
constexpr int most_places = 100;

}  // namespace

NoiseStage::NoiseStage(Config config) : config_(std::move(config)) {
  if (config_.target_snr && !config_.enabled) {
    throw ConfigError(
        "src_target_snr: a target SNR needs noise (`noise: none` has no variance); "
        "give "
        "noise.sky_sigma_nmgy or the source flux");
  }
}

bool NoiseStage::correlated() const {
  return std::ranges::any_of(config_.correlation,
                             [](const auto& noise) { return noise != nullptr; });
}

std::vector<Plane> NoiseStage::needs() const {
  std::vector<Plane> planes{Plane::injection, Plane::arc, Plane::host};
  if (real()) planes.push_back(Plane::host_variance);
  if (real() && correlated()) planes.push_back(Plane::sky_variance);
  if (config_.target_snr) {
    planes.insert(planes.end(), {Plane::counter_image, Plane::arc_intrinsic});
  }
  return planes;
}

std::vector<Plane> NoiseStage::gives() const {
  std::vector<Plane> planes{Plane::negative, Plane::positive, Plane::variance,
                            Plane::non_positive_mean_pixels};
  if (correlated()) planes.push_back(Plane::poisson_variance);
  if (!real() && (correlated() || config_.maps)) planes.push_back(Plane::sky_variance);
  if (config_.target_snr) {
    planes.insert(planes.end(), {Plane::injection, Plane::arc, Plane::counter_image,
                                 Plane::arc_intrinsic});
  }
  return planes;
}

bool NoiseStage::read_maps(Stamp& stamp, const MapPlace& place) const {
  auto& invvar = stamp.buffers->invvar;
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    auto& images = stamp.images[b];
    invvar.reshape(images.arc.ny(), images.arc.nx());
    config_.maps->read(band, place, invvar);
    const auto usable = [](float w) { return w > 0.0F && std::isfinite(w); };
    if (!std::ranges::all_of(invvar.pixels(), usable)) return false;
    images.sky_variance.reshape(images.arc.ny(), images.arc.nx());
    const auto factor = static_cast<float>(config_.variance_times_invvar[b]);
    std::ranges::transform(invvar.pixels(), images.sky_variance.pixels().begin(),
                           [&](float w) { return factor / w; });
  }
  return true;
}

void NoiseStage::fill_sky_variance(Stamp& stamp,
                                   const InjectionStreams& streams) const {
  if (config_.maps) {
    const auto below = [](RandomStream& stream, int n) {
      return static_cast<int>(stream.below(static_cast<std::uint64_t>(n)));
    };
    const InvvarMaps& maps = *config_.maps;
    RandomStream stream = streams.stream(StreamTag::noise_invvar);
    for (int attempt = 0; attempt < most_places; ++attempt) {
      MapPlace place;
      place.plane = below(stream, maps.planes());
      place.y = below(stream, maps.ny() - stamp.images[0].arc.ny() + 1);
      place.x = below(stream, maps.nx() - stamp.images[0].arc.nx() + 1);
      if (read_maps(stamp, place)) return;
    }
    stamp.status = Status::no_coverage;
    return;
  }
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    if (!config_.correlation[b] || real()) continue;
    const double sigma = stamp.injection.sky_sigma_nmgy[b];
    auto& images = stamp.images[b];
    images.sky_variance.assign(images.arc.ny(), images.arc.nx(),
                               static_cast<float>(sigma * sigma));
  }
}

void NoiseStage::fill_variance(Stamp& stamp, std::size_t b,
                               const Image<float>& arc) const {
  auto& images = stamp.images[b];
  if (!config_.enabled) {
    images.variance.assign(arc.ny(), arc.nx(), std::numeric_limits<float>::quiet_NaN());
    return;
  }
  images.variance.reshape(arc.ny(), arc.nx());
  const double gain = config_.gain_e_per_nmgy[b];
  if (real()) {
    imaging::real_host_variance(images.host_variance, gain, arc, images.variance);
  } else if (config_.maps) {
    imaging::pair_variance(images.sky_variance, gain, images.host, arc,
                           images.variance);
  } else {
    imaging::pair_variance(
        {.sky_sigma_nmgy = stamp.injection.sky_sigma_nmgy[b], .gain_e_per_nmgy = gain},
        images.host, arc, images.variance);
  }
  if (!config_.correlation[b]) return;
  images.poisson_variance.reshape(arc.ny(), arc.nx());
  if (real() && !config_.adds_host_poisson) {
    imaging::poisson_variance(gain, {arc}, images.poisson_variance);
  } else {
    imaging::poisson_variance(gain, {images.host, arc}, images.poisson_variance);
  }
}

std::optional<double> NoiseStage::target_scale(Stamp& stamp) const {
  std::array<measure::SnrBand, max_bands> white;
  std::vector<measure::CorrelatedSnrBand> correlated;
  auto& empty = stamp.buffers->unit_stamp;
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    auto& images = stamp.images[b];
    empty.assign(images.arc.ny(), images.arc.nx(), 0.0F);
    fill_variance(stamp, b, empty);
    const double gain = config_.gain_e_per_nmgy[b];
    const double inverse_gain = gain > 0.0 ? 1.0 / gain : 0.0;
    white[b] = {.unit_arc = images.arc,
                .base_variance = images.variance,
                .inverse_gain = inverse_gain};
    if (config_.correlation[b]) {
      correlated.push_back(
          {.unit_arc = images.arc,
           .covariance = {.correlated = config_.correlation[b]->of(stamp.injection),
                          .correlated_variance = images.sky_variance,
                          .white_variance = images.poisson_variance},
           .inverse_gain = inverse_gain});
    }
  }
  const double target = stamp.injection.src_target_snr;
  if (!correlated.empty()) {
    return measure::scale_for_snr(correlated, target, stamp.buffers->covariance);
  }
  return measure::scale_for_snr(
      std::span(white).first(static_cast<std::size_t>(config_.bands)), target);
}

void NoiseStage::solve_target_snr(Stamp& stamp) const {
  // The fluxes are in the right ratios; one factor scales all bands.
  const auto factor = target_scale(stamp);
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

imaging::NonPositivePixels NoiseStage::add_noise(Stamp& stamp,
                                                 const InjectionStreams& streams,
                                                 std::size_t b) const {
  auto& images = stamp.images[b];
  const int band = static_cast<int>(b);
  const double gain = config_.gain_e_per_nmgy[b];
  const imaging::Pair pair{images.host, images.arc, images.negative, images.positive};
  if (real()) return imaging::add_arc_noise(streams, band, gain, pair);
  const bool correlated = config_.correlation[b] != nullptr;
  if (!correlated && !config_.maps) {
    return imaging::add_pair_noise(
        streams, band,
        {.sky_sigma_nmgy = stamp.injection.sky_sigma_nmgy[b], .gain_e_per_nmgy = gain},
        pair);
  }
  // `positive` contains the sky until the arc's noise takes its place.
  if (correlated) {
    config_.correlation[b]
        ->of(stamp.injection)
        .draw(streams.stream(StreamTag::correlated_sky_noise, band),
              stamp.buffers->covariance.transforms, images.positive);
  } else {
    streams.stream(StreamTag::sky_noise, band).fill_normal(images.positive.pixels());
  }
  imaging::scale_to_variance(images.sky_variance, images.positive);
  return imaging::add_pair_noise(streams, band, gain, images.positive, pair);
}

void NoiseStage::apply(Stamp& stamp, const InjectionStreams& streams) const {
  if (config_.enabled) fill_sky_variance(stamp, streams);
  if (stamp.status == Status::no_coverage) return;
  if (config_.target_snr) solve_target_snr(stamp);
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    auto& images = stamp.images[b];
    fill_variance(stamp, b, images.arc);
    images.negative.reshape(images.arc.ny(), images.arc.nx());
    images.positive.reshape(images.arc.ny(), images.arc.nx());
    if (!config_.enabled) {
      stamp.non_positive_mean_pixels[b] = 0;
      std::ranges::copy(images.host.pixels(), images.negative.pixels().begin());
      std::ranges::transform(images.host.pixels(), images.arc.pixels(),
                             images.positive.pixels().begin(), std::plus<>{});
      continue;
    }
    const auto skipped = add_noise(stamp, streams, b);
    stamp.non_positive_mean_pixels[b] = skipped.host + skipped.arc;
  }
}

}  // namespace lensmill::stages
