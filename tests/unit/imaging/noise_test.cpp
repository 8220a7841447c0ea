#include "lib/imaging/noise.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/image_matchers.hpp"

namespace lensmill::imaging {
namespace {

using test_support::images_identical;

constexpr int side = 24;
constexpr double gain = 300.0;
constexpr InjectionStreams streams{.seed = 5, .injection_id = 11};

Image<float> blob(double peak, double width) {
  Image<float> image(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double r2 = (x - 11.0) * (x - 11.0) + (y - 13.0) * (y - 13.0);
      image(y, x) = static_cast<float>(peak * std::exp(-r2 / (2.0 * width * width)));
    }
  }
  return image;
}

struct NoisyPair {
  Image<float> negative{side, side}, positive{side, side};
};

TEST(PairNoise, OfASkyMadeBeforeIsThatOfTheStream) {
  const auto host = blob(1.0, 4.0);
  const auto arc = blob(0.3, 2.0);
  constexpr double sigma = 0.02;
  NoisyPair white;
  NoisyPair given;
  add_pair_noise(streams, 1, {.sky_sigma_nmgy = sigma, .gain_e_per_nmgy = gain},
                 {host, arc, white.negative, white.positive});

  Image<float> sky(side, side);
  streams.stream(StreamTag::sky_noise, 1).fill_normal(sky.pixels());
  scale_to_variance(
      Image<float>(side, side, static_cast<float>(sigma) * static_cast<float>(sigma)),
      sky);
  add_pair_noise(streams, 1, gain, sky, {host, arc, given.negative, given.positive});

  // Up to the root of the variance in float.
  EXPECT_TRUE(test_support::images_near(
      given.negative, white.negative, {.absolute = 1.0e-8, .relative_to_peak = 1e-7}));
}

TEST(PairNoise, TheSkyMayBeGivenInTheImageOfThePositive) {
  const auto host = blob(1.0, 4.0);
  const auto arc = blob(0.3, 2.0);
  const auto sky = blob(0.1, 1.0);
  NoisyPair apart;
  NoisyPair same;
  same.positive = sky;

  add_pair_noise(streams, 0, gain, sky, {host, arc, apart.negative, apart.positive});
  add_pair_noise(streams, 0, gain, same.positive,
                 {host, arc, same.negative, same.positive});

  EXPECT_TRUE(images_identical(same.negative, apart.negative));
  EXPECT_TRUE(images_identical(same.positive, apart.positive));
}

TEST(PairNoise, NegativeHasTheSameNoiseWhateverTheArc) {
  const auto host = blob(1.0, 4.0);
  const auto sky = blob(0.1, 1.0);
  NoisyPair faint;
  NoisyPair bright;

  add_pair_noise(streams, 0, gain, sky,
                 {host, blob(0.01, 2.0), faint.negative, faint.positive});
  add_pair_noise(streams, 0, gain, sky,
                 {host, blob(5.0, 2.0), bright.negative, bright.positive});

  EXPECT_TRUE(images_identical(faint.negative, bright.negative));
}

TEST(PoissonVariance, IsTheSourcesLightOverTheGain) {
  Image<float> host(1, 3);
  Image<float> arc(1, 3);
  host(0, 0) = 3.0F;
  host(0, 1) = -1.0F;
  arc(0, 1) = 6.0F;
  Image<float> variance(1, 3, 99.0F);

  poisson_variance(gain, {host, arc}, variance);
  EXPECT_FLOAT_EQ(variance(0, 0), 0.01F);
  EXPECT_FLOAT_EQ(variance(0, 1), 0.02F);
  EXPECT_EQ(variance(0, 2), 0.0F);

  poisson_variance(0.0, {host, arc}, variance);
  EXPECT_EQ(variance(0, 0), 0.0F);
}

TEST(PairVariance, OfASkyPerPixelIsTheSum) {
  Image<float> sky(1, 2);
  sky(0, 0) = 0.5F;
  sky(0, 1) = 0.25F;
  Image<float> host(1, 2, 3.0F);
  Image<float> variance(1, 2);

  pair_variance(sky, gain, host, host, variance);

  EXPECT_FLOAT_EQ(variance(0, 0), 0.52F);
  EXPECT_FLOAT_EQ(variance(0, 1), 0.27F);
}

}  // namespace
}  // namespace lensmill::imaging
