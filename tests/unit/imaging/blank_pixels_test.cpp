#include "lib/imaging/blank_pixels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/imaging/correlated_noise.hpp"
#include "tests/support/noise_correlations.hpp"

namespace lensmill::imaging {
namespace {

constexpr int side = 192;

Image<float> noise_image() {
  const CorrelatedNoise noise(test_support::coadd_like_correlation(), side);
  ConvolverWorkspace workspace;
  Image<float> image(side, side);
  noise.draw(RandomStream(3, 1, StreamTag::self_test), workspace, image);
  return image;
}

double share_of(const Image<std::uint8_t>& mask) {
  return static_cast<double>(std::ranges::count(mask.pixels(), std::uint8_t{1})) /
         static_cast<double>(mask.size());
}

Image<std::uint8_t> blank_of(const Image<float>& image,
                             Image<std::uint8_t> usable = {}) {
  if (usable.size() == 0) usable.assign(side, side, 1);
  keep_blank_pixels(image, {}, usable);
  return usable;
}

void add_blob(Image<float>& image, double y0, double x0, double peak, double width) {
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      image(y, x) += static_cast<float>(
          peak * std::exp(-0.5 * std::pow(std::hypot(x - x0, y - y0) / width, 2)));
    }
  }
}

TEST(BlankPixels, OfNoiseAloneAreNearlyAll) {
  EXPECT_GT(share_of(blank_of(noise_image())), 0.98);
}

TEST(BlankPixels, ExcludeSourcesAndTheirWings) {
  auto image = noise_image();
  add_blob(image, 60.0, 70.0, 50.0, 3.0);
  add_blob(image, 130.0, 40.0, 3.0, 4.0);  // never above 3 sigma by itself
  image(150, 150) = -40.0F;                // a bad pixel

  const auto blank = blank_of(image);

  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      // Where the light is above a tenth of the noise; a quarter for the faint one,
      // whose middle alone stands out.
      if (std::hypot(x - 70, y - 60) < 3.0 * std::sqrt(2.0 * std::log(500.0)) ||
          std::hypot(x - 40, y - 130) < 4.0 * std::sqrt(2.0 * std::log(12.0)) ||
          (x == 150 && y == 150)) {
        EXPECT_EQ(blank(y, x), 0) << y << " " << x;
      }
    }
  }
  EXPECT_GT(share_of(blank), 0.90);
}

TEST(BlankPixels, FollowTheSkyFromCellToCell) {
  auto image = noise_image();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      // Noise that grows threefold to the right, and sky that rises by four sigma.
      image(y, x) = image(y, x) * (1.0F + 2.0F * static_cast<float>(x) / side) +
                    0.02F * static_cast<float>(y);
    }
  }
  EXPECT_GT(share_of(blank_of(image)), 0.95);
}

TEST(BlankPixels, AreAmongTheUsableOnesOnly) {
  auto image = noise_image();
  Image<std::uint8_t> usable(side, side, 1);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < 90; ++x) {
      usable(y, x) = 0;
      image(y, x) = 1.0e5F;  // must not reach into the others
    }
  }

  const auto blank = blank_of(image, usable);

  for (std::size_t k = 0; k < blank.size(); ++k) {
    EXPECT_LE(blank.pixels()[k], usable.pixels()[k]);
  }
  EXPECT_GT(share_of(blank), 0.98 * share_of(usable));
}

}  // namespace
}  // namespace lensmill::imaging
