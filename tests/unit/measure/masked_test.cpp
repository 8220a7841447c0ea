#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/measure/aperture.hpp"
#include "lib/measure/profiles.hpp"
#include "lib/measure/snr.hpp"

/// \file
/// Masked pixels take no part, whatever they hold.

namespace lensmill::measure {
namespace {

constexpr int side = 20;
constexpr double centre = 9.5;
constexpr Disc disc{.x_pix = centre, .y_pix = centre, .radius_pix = 4.0};
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
/// Sums of a few hundred numbers of order one.
constexpr double rounding = 1.0e-12;

/// The left half, x < 10: half of a disc about 9.5.
Image<float> left_half() {
  Image<float> mask(side, side, 0.0F);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side / 2; ++x) mask(y, x) = 1.0F;
  }
  return mask;
}

/// `inside` where masked, `outside` elsewhere.
Image<float> two_valued(const Image<float>& mask, float inside, float outside) {
  Image<float> image(side, side);
  for (std::size_t k = 0; k < image.size(); ++k) {
    image.pixels()[k] = mask.pixels()[k] != 0.0F ? inside : outside;
  }
  return image;
}

TEST(MaskedAperture, LosesTheMaskedPixelsWeights) {
  const Image<float> mask = left_half();
  const ApertureWeights whole = pixel_overlap_weights(side, disc);

  const ApertureWeights cut = without_masked(whole, mask);

  EXPECT_NEAR(cut.area_pix2, 0.5 * whole.area_pix2, rounding);
  EXPECT_EQ(cut.weight(9, 9), 0.0);
  EXPECT_EQ(cut.weight(9, 10), whole.weight(9, 10));
  EXPECT_NEAR(masked_share(whole, mask), 0.5, rounding);
  EXPECT_EQ(masked_share(whole, Image<float>(side, side, 0.0F)), 0.0);
}

TEST(MaskedAperture, WithEveryPixelMaskedHasNoArea) {
  // Only what the disc covers is masked; elsewhere in its box, weights may be rounding.
  const ApertureWeights whole = pixel_overlap_weights(side, disc);
  Image<float> mask(side, side, 0.0F);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (whole.weight(y, x) > smallest_area_pix2) mask(y, x) = 1.0F;
    }
  }
  const Image<float> signal(side, side, 1.0F);
  Image<float> variance(side, side, 1.0F);
  for (std::size_t k = 0; k < mask.size(); ++k) {
    if (mask.pixels()[k] != 0.0F) variance.pixels()[k] = nan;
  }

  EXPECT_TRUE(whole.has_area());
  EXPECT_FALSE(without_masked(whole, mask).has_area());
  EXPECT_EQ(masked_share(whole, mask), 1.0);
  EXPECT_TRUE(std::isnan(mean_offset(whole, signal, signal, mask)));
  EXPECT_TRUE(std::isnan(aperture_snr(whole, signal, variance)));
}

TEST(MaskedAperture, OutsideTheImageThereIsNoShare) {
  const ApertureWeights away =
      pixel_overlap_weights(side, {.x_pix = 100.0, .y_pix = 100.0, .radius_pix = 2.0});

  EXPECT_TRUE(std::isnan(masked_share(away, left_half())));
}

TEST(MaskedOffset, IsTheUnmaskedPixelsMeanEvenOverNaN) {
  const Image<float> mask = left_half();
  const Image<float> positive = two_valued(mask, nan, 3.0F);
  const Image<float> negative = two_valued(mask, nan, 1.0F);
  const ApertureWeights aperture = pixel_overlap_weights(side, disc);

  EXPECT_NEAR(mean_offset(aperture, positive, negative, mask), 2.0, rounding);
  EXPECT_TRUE(std::isnan(
      mean_offset(aperture, positive, negative, Image<float>(side, side, 1.0F))));
}

TEST(MaskedOffset, WithoutAMaskedPixelIsTheSame) {
  Image<float> positive(side, side), negative(side, side, 0.5F);
  for (std::size_t k = 0; k < positive.size(); ++k) {
    positive.pixels()[k] = static_cast<float>(k % 7);
  }
  const ApertureWeights aperture = pixel_overlap_weights(side, disc);

  const double expected =
      (aperture_sum(aperture, positive) - aperture_sum(aperture, negative)) /
      aperture.area_pix2;

  EXPECT_NEAR(mean_offset(aperture, positive, negative), expected, rounding);
  EXPECT_NEAR(mean_offset(aperture, positive, negative, Image<float>(side, side, 0.0F)),
              expected, rounding);
}

TEST(RadialBins, AreTheMeansOfTheirPixels) {
  // Bins of 1, 8, 12 and more pixels: of every remainder by four.
  constexpr int bins_per_profile = 6;
  constexpr int n = 16;
  constexpr double x = 7.3, y = 8.1;
  Image<float> image(n, n);
  std::vector<double> sum(bins_per_profile), pixels(bins_per_profile);
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      image(j, i) = static_cast<float>(std::sin(1.7 * j) + 0.1 * i);
      const auto bin = static_cast<std::size_t>(std::hypot(i - x, j - y));
      if (bin >= sum.size()) continue;
      sum[bin] += double{image(j, i)};
      pixels[bin] += 1.0;
    }
  }
  const RadialBins bins(n, x, y, bins_per_profile);
  std::vector<float> mean(bins_per_profile), unmasked(bins_per_profile);

  bins.profile(image, mean);
  bins.profile(image, unmasked, Image<float>(n, n, 0.0F));

  constexpr double single_rounding = 1.0e-7;  // of means of order one, stored as float
  for (std::size_t bin = 0; bin < sum.size(); ++bin) {
    EXPECT_NEAR(double{mean[bin]}, sum[bin] / pixels[bin], single_rounding) << bin;
    EXPECT_NEAR(double{unmasked[bin]}, sum[bin] / pixels[bin], single_rounding) << bin;
  }
}

TEST(MaskedProfile, LeavesMaskedPixelsOut) {
  const Image<float> mask = left_half();
  const RadialBins bins(side, centre, centre, 3);
  std::vector<float> mean(3);

  bins.profile(two_valued(mask, nan, 2.0F), mean, mask);
  EXPECT_EQ(mean, (std::vector<float>{2.0F, 2.0F, 2.0F}));

  bins.profile(two_valued(mask, 1.0F, 2.0F), mean, Image<float>(side, side, 1.0F));
  for (const float value : mean) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace lensmill::measure
