#include "lib/imaging/local_scatter.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/core/random_stream.hpp"

namespace lensmill::imaging {
namespace {

constexpr int side = 64;
constexpr double sigma = 0.02;

/// White noise on light(y, x).
template <class Light>
Image<float> noisy(Light light) {
  RandomStream noise(1, 0, StreamTag::sky_noise);
  Image<float> image(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      image(y, x) = static_cast<float>(light(y, x) + sigma * noise.normal());
    }
  }
  return image;
}

// The MAD of 4096 numbers scatters by 1.17 / sqrt(4096) = 1.8 %: three times that.
constexpr double tolerance = 0.055 * sigma;

TEST(LocalScatter, IsTheNoisesOnASlopeAndOnWings) {
  const Image<std::uint8_t> all(side, side, 1);

  EXPECT_NEAR(local_scatter(noisy([](int, int) { return 0.0; }), all), sigma,
              tolerance);
  EXPECT_NEAR(local_scatter(noisy([](int y, int x) { return 0.1 * x - 0.2 * y; }), all),
              sigma, tolerance);
  EXPECT_NEAR(local_scatter(noisy([](int y, int x) {
                              return 2.0 * std::exp(-0.05 * std::hypot(x + 20, y + 9));
                            }),
                            all),
              sigma, tolerance);
}

TEST(LocalScatter, TakesMarkedPixelsAlone) {
  Image<std::uint8_t> right(side, side, 1);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side / 2; ++x) right(y, x) = 0;
  }
  const auto image =
      noisy([](int y, int x) { return x < side / 2 ? 7.0 * ((x * y) % 3) : 0.0; });

  EXPECT_NEAR(local_scatter(image, right), sigma, 1.5 * tolerance);
  EXPECT_TRUE(std::isnan(local_scatter(image, Image<std::uint8_t>(side, side, 0))));
}

}  // namespace
}  // namespace lensmill::imaging
