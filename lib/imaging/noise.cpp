#include "lib/imaging/noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "lib/core/contracts.hpp"
#include "lib/core/multiversion.hpp"

namespace lensmill::imaging {
namespace {

// Pixels per pass: buffers stay in the first cache.
constexpr std::size_t chunk = 512;

using ConstPixels = std::span<const float>;
using Pixels = std::span<float>;

[[maybe_unused]] bool same_shape(ImageView<const float> a, ImageView<const float> b) {
  return a.ny() == b.ny() && a.nx() == b.nx();
}

float positive_part(float flux) { return flux > 0.0f ? flux : 0.0f; }

LENSMILL_MULTIVERSION void mean_counts(const float* flux, double gain, std::size_t n,
                                       double* __restrict mean) {
  for (std::size_t i = 0; i < n; ++i) {
    mean[i] = gain * static_cast<double>(positive_part(flux[i]));
  }
}

LENSMILL_MULTIVERSION void flux_of_noise(const double* count, const double* mean,
                                         double inverse_gain, std::size_t n,
                                         float* __restrict out) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>((count[i] - mean[i]) * inverse_gain);
  }
}

/// out[i] = Poisson(flux gain) / gain - flux, 0 where the flux is not positive; returns
/// the number of such pixels. A gain of 0 means no Poisson noise.
int poisson_noise(RandomStream stream, double gain, ConstPixels flux, Pixels out) {
  const auto skipped = std::ranges::count_if(flux, [](float f) { return !(f > 0.0f); });
  // Each noise has a stream of its own: what is not drawn here moves nothing else.
  if (!(gain > 0.0) || static_cast<std::size_t>(skipped) == flux.size()) {
    std::ranges::fill(out, 0.0f);
    return static_cast<int>(skipped);
  }
  std::array<double, chunk> mean;
  std::array<double, chunk> count;
  const double inverse_gain = 1.0 / gain;
  for (std::size_t begin = 0; begin < flux.size(); begin += chunk) {
    const std::size_t n = std::min(chunk, flux.size() - begin);
    mean_counts(flux.data() + begin, gain, n, mean.data());
    stream.fill_poisson(std::span(mean).first(n), std::span(count).first(n));
    flux_of_noise(count.data(), mean.data(), inverse_gain, n, out.data() + begin);
  }
  return static_cast<int>(skipped);
}

/// positive = negative + (arc + arc noise).
int add_noisy_arc(const InjectionStreams& streams, int band, double gain,
                  ConstPixels arc, ConstPixels negative, Pixels positive) {
  const int skipped = poisson_noise(streams.stream(StreamTag::arc_poisson_noise, band),
                                    gain, arc, positive);
  for (std::size_t i = 0; i < arc.size(); ++i) {
    positive[i] = negative[i] + (arc[i] + positive[i]);
  }
  return skipped;
}

}  // namespace

void pair_variance(const SkyNoise& noise, ImageView<const float> host,
                   ImageView<const float> arc, ImageView<float> variance) {
  EXPECT(same_shape(host, arc) && same_shape(host, variance));
  const double gain = noise.gain_e_per_nmgy;
  const auto sky = static_cast<float>(noise.sky_sigma_nmgy * noise.sky_sigma_nmgy);
  const auto inverse_gain = static_cast<float>(gain > 0.0 ? 1.0 / gain : 0.0);
  for (std::size_t i = 0; i < arc.size(); ++i) {
    variance.data()[i] = sky + inverse_gain * (positive_part(host.data()[i]) +
                                               positive_part(arc.data()[i]));
  }
}

void pair_variance(ImageView<const float> sky_variance, double gain_e_per_nmgy,
                   ImageView<const float> host, ImageView<const float> arc,
                   ImageView<float> variance) {
  EXPECT(same_shape(sky_variance, variance));
  poisson_variance(gain_e_per_nmgy, {host, arc}, variance);
  for (std::size_t i = 0; i < variance.size(); ++i) {
    variance.data()[i] += sky_variance.data()[i];
  }
}

void real_host_variance(ImageView<const float> host_variance, double gain_e_per_nmgy,
                        ImageView<const float> arc, ImageView<float> variance) {
  EXPECT(same_shape(host_variance, arc) && same_shape(host_variance, variance));
  const auto inverse_gain =
      static_cast<float>(gain_e_per_nmgy > 0.0 ? 1.0 / gain_e_per_nmgy : 0.0);
  for (std::size_t i = 0; i < arc.size(); ++i) {
    variance.data()[i] =
        host_variance.data()[i] + inverse_gain * positive_part(arc.data()[i]);
  }
}

NonPositivePixels add_pair_noise(const InjectionStreams& streams, int band,
                                 const SkyNoise& noise, const Pair& pair) {
  // `positive` contains the sky until the arc's noise takes its place.
  streams.stream(StreamTag::sky_noise, band).fill_normal(pair.positive.pixels());
  const auto sigma = static_cast<float>(noise.sky_sigma_nmgy);
  for (float& pixel : pair.positive.pixels()) pixel *= sigma;
  return add_pair_noise(streams, band, noise.gain_e_per_nmgy, pair.positive, pair);
}

NonPositivePixels add_pair_noise(const InjectionStreams& streams, int band,
                                 double gain_e_per_nmgy, ImageView<const float> sky,
                                 const Pair& pair) {
  const auto& [host, arc, negative, positive] = pair;
  EXPECT(same_shape(host, arc) && same_shape(host, negative));
  EXPECT(same_shape(host, positive) && same_shape(host, sky));
  NonPositivePixels skipped;
  skipped.host = poisson_noise(streams.stream(StreamTag::host_poisson_noise, band),
                               gain_e_per_nmgy, host.pixels(), negative.pixels());
  for (std::size_t i = 0; i < host.size(); ++i) {
    float& pixel = negative.data()[i];
    pixel = host.data()[i] + pixel + sky.data()[i];
  }
  skipped.arc = add_noisy_arc(streams, band, gain_e_per_nmgy, arc.pixels(),
                              negative.pixels(), positive.pixels());
  return skipped;
}

void scale_to_variance(ImageView<const float> variance, ImageView<float> field) {
  EXPECT(same_shape(variance, field));
  for (std::size_t i = 0; i < field.size(); ++i) {
    field.data()[i] *= std::sqrt(variance.data()[i]);
  }
}

void poisson_variance(double gain_e_per_nmgy,
                      std::initializer_list<ImageView<const float>> sources,
                      ImageView<float> variance) {
  std::ranges::fill(variance.pixels(), 0.0F);
  if (!(gain_e_per_nmgy > 0.0)) return;
  const auto inverse_gain = static_cast<float>(1.0 / gain_e_per_nmgy);
  for (const auto& source : sources) {
    EXPECT(same_shape(source, variance));
    for (std::size_t i = 0; i < source.size(); ++i) {
      variance.data()[i] += inverse_gain * positive_part(source.data()[i]);
    }
  }
}

NonPositivePixels add_arc_noise(const InjectionStreams& streams, int band,
                                double gain_e_per_nmgy, const Pair& pair) {
  const auto& [host, arc, negative, positive] = pair;
  EXPECT(same_shape(host, arc) && same_shape(host, negative));
  EXPECT(same_shape(host, positive));
  std::ranges::copy(host.pixels(), negative.pixels().begin());
  return {.host = 0,
          .arc = add_noisy_arc(streams, band, gain_e_per_nmgy, arc.pixels(),
                               negative.pixels(), positive.pixels())};
}

}  // namespace lensmill::imaging
