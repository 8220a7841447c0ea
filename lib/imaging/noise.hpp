#pragma once

#include <initializer_list>

#include "lib/core/image.hpp"
#include "lib/core/random_stream.hpp"

/// \file
/// Noise of paired stamps (docs/conventions.md, "Hosts and noise"). All images [y, x]
/// in nmgy.

namespace lensmill::imaging {

/// Noise of a synthetic host: sky and Poisson noise of its light.
struct SkyNoise {
  double sky_sigma_nmgy = 0.0;   ///< per pixel, >= 0
  double gain_e_per_nmgy = 0.0;  ///< > 0; 0: no Poisson noise
};

/// Pixels without Poisson noise because their mean was not positive (or not finite).
struct NonPositivePixels {
  int host = 0;
  int arc = 0;
};

/// V = sky^2 + (max(host, 0) + max(arc, 0)) / gain, of `positive`, nmgy^2.
void pair_variance(const SkyNoise& noise, ImageView<const float> host,
                   ImageView<const float> arc, ImageView<float> variance);

/// The same with a sky variance per pixel.
void pair_variance(ImageView<const float> sky_variance, double gain_e_per_nmgy,
                   ImageView<const float> host, ImageView<const float> arc,
                   ImageView<float> variance);

/// The same for a real host: its own variance per pixel plus the arc's Poisson term.
void real_host_variance(ImageView<const float> host_variance, double gain_e_per_nmgy,
                        ImageView<const float> arc, ImageView<float> variance);

/// The images of a pair in one band, [y, x], nmgy: noise-free in, noisy out.
struct Pair {
  ImageView<const float> host;
  ImageView<const float> arc;
  ImageView<float> negative;
  ImageView<float> positive;
};

/// negative = host + [Poisson(host gain) / gain - host] + sky normal;
/// positive = negative + (arc + [Poisson(arc gain) / gain - arc]), in float: the images
/// satisfy positive == negative + (arc + arc noise) exactly as rounded.
/// Streams host_poisson_noise, sky_noise and arc_poisson_noise, sub-stream `band`: each
/// pixel's random numbers are set by its index, whatever the other pixels hold, so the
/// sky and host noise do not depend on the arc.
NonPositivePixels add_pair_noise(const InjectionStreams& streams, int band,
                                 const SkyNoise& noise, const Pair& pair);

/// The same with sky noise that was made before: `sky` [nmgy] instead of the stream
/// sky_noise, e.g. correlated (correlated_noise.hpp) or of a variance per pixel. It may
/// be the image `positive` itself.
NonPositivePixels add_pair_noise(const InjectionStreams& streams, int band,
                                 double gain_e_per_nmgy, ImageView<const float> sky,
                                 const Pair& pair);

/// field *= sqrt(variance), pixel by pixel: unit noise becomes sky noise, nmgy.
void scale_to_variance(ImageView<const float> variance, ImageView<float> field);

/// Variance of the sources' Poisson noise alone, sum max(source, 0) / gain, nmgy^2. It
/// is white, whatever the sky noise is.
void poisson_variance(double gain_e_per_nmgy,
                      std::initializer_list<ImageView<const float>> sources,
                      ImageView<float> variance);

/// A real host keeps its own noise: negative = host, positive = host + (arc + arc
/// noise).
NonPositivePixels add_arc_noise(const InjectionStreams& streams, int band,
                                double gain_e_per_nmgy, const Pair& pair);

}  // namespace lensmill::imaging
