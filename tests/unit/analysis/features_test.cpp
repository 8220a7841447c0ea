#include "lib/analysis/features.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lensmill::analysis {
namespace {

// Features are single precision.
constexpr double single = 1.0e-6;
constexpr int n = 64;
constexpr double middle = 31.5;

Image<float> numbered() {
  Image<float> image(n, n);
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) image(y, x) = static_cast<float>(100 * y + x);
  }
  return image;
}

std::vector<float> features_of(const FeatureShape& shape, std::vector<BandStamp> bands,
                               double x = middle, double y = middle) {
  std::vector<float> out(shape.count());
  FeatureExtractor(shape).extract(bands, x, y, out);
  return out;
}

TEST(FeatureShape, CountsBoxAndRings) {
  const auto shape = FeatureShape::for_stamp(n, 3, 5);

  EXPECT_EQ(shape.outer_radius_pix, 20);
  EXPECT_EQ(shape.range(Region::core).count, 300U);
  EXPECT_EQ(shape.range(Region::annulus).first, 300U);
  EXPECT_EQ(shape.range(Region::annulus).count, 3U * 15U * 3U);
  EXPECT_EQ(shape.range(Region::full).count, shape.count());
  EXPECT_EQ(FeatureShape::for_stamp(16, 1, 5).outer_radius_pix, 8);
}

TEST(FeatureExtractor, TakesTheCentralTenByTenPixelsWithoutCorners) {
  const auto image = numbered();
  const auto shape = FeatureShape::for_stamp(n, 1, 5);

  const auto features = features_of(shape, {{.image = image, .noise_sigma_nmgy = 2.0}});

  // (27, 27) is at r = 6.4, (27, 30) at 4.74, (36, 33) too.
  EXPECT_EQ(features[0], 0.0F);
  EXPECT_NEAR(features[3], std::asinh(2730.0 / 2.0), 10.0 * single);
  EXPECT_NEAR(features[96], std::asinh(3633.0 / 2.0), 10.0 * single);
  EXPECT_EQ(features[99], 0.0F);
  EXPECT_EQ(std::count_if(features.begin(), features.begin() + 100,
                          [](float v) { return v != 0.0F; }),
            80);
}

TEST(FeatureExtractor, BoxFollowsTheCentre) {
  const auto image = numbered();
  const auto shape = FeatureShape::for_stamp(n, 1, 5);

  const auto historical = features_of(shape, {{.image = image}}, 32.0, 32.0);
  const auto corner = features_of(shape, {{.image = image}}, 0.0, 0.0);

  // From pixel (28, 28): (28, 30) is at r = 4.47.
  EXPECT_NEAR(historical[2], std::asinh(2830.0), 10.0 * single);
  // Row -4 is outside; pixel (0, 0) is in row and column 4 of the box, (0, 1) next.
  EXPECT_EQ(corner[4], 0.0F);
  EXPECT_NEAR(corner[45], std::asinh(1.0), single);
}

TEST(FeatureExtractor, RingsOfAConstantHaveItsMeanAlone) {
  const Image<float> image(n, n, 3.0F);
  const auto shape = FeatureShape::for_stamp(n, 1, 5);

  const auto features = features_of(shape, {{.image = image}});

  for (std::size_t k = shape.core_count(); k < shape.count(); k += 3) {
    EXPECT_NEAR(features[k], std::asinh(3.0), single);
    // A root of a difference of rounding.
    EXPECT_NEAR(features[k + 1], 0.0, 1.0e-6);
    EXPECT_NEAR(features[k + 2], 0.0, single);
  }
}

TEST(FeatureExtractor, LopsidedLightHasAnAmplitudeAndOpposedLightHasNone) {
  // An arc at r = 10 on the right; then one on each side.
  const auto arc = [](double y, double x) {
    return std::abs(std::hypot(y, x) - 10.0) < 1.0 && std::abs(y) < 4.0;
  };
  Image<float> one(n, n), two(n, n);
  int pixels = 0, ring = 0;
  double along = 0.0;
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      const double dy = y - middle;
      const double dx = x - middle;
      const double r = std::hypot(dy, dx);
      const bool in_ring = r >= 10.0 && r < 11.0;
      ring += in_ring ? 1 : 0;
      if (!arc(dy, dx)) continue;
      two(y, x) = 1.0F;
      if (dx < 0.0) continue;
      one(y, x) = 1.0F;
      if (!in_ring) continue;
      ++pixels;
      along += dx / r;
    }
  }
  const auto shape = FeatureShape::for_stamp(n, 1, 5);
  const std::size_t at = shape.core_count() + 3 * (10 - 5);

  const auto lopsided = features_of(shape, {{.image = one}});
  const auto opposed = features_of(shape, {{.image = two}});

  ASSERT_GT(pixels, 2);
  const double share = static_cast<double>(pixels) / ring;
  EXPECT_NEAR(lopsided[at], std::asinh(1.0) * share, single);
  EXPECT_NEAR(lopsided[at + 1], std::asinh(1.0) * std::sqrt(share * (1.0 - share)),
              single);
  EXPECT_NEAR(lopsided[at + 2], std::asinh(1.0) * along / ring, single);
  EXPECT_NEAR(opposed[at], 2.0F * lopsided[at], single);
  EXPECT_NEAR(opposed[at + 2], 0.0, single);
}

TEST(FeatureExtractor, LeavesOutWhatIsMaskedOrUndefined) {
  Image<float> image(n, n, 1.0F);
  Image<float> mask(n, n, 0.0F);
  image(31, 31) = std::numeric_limits<float>::quiet_NaN();  // core
  image(31, 43) = 1.0e6F;                                   // ring at 11.5
  mask(31, 43) = 1.0F;
  const auto shape = FeatureShape::for_stamp(n, 1, 5);

  const auto features = features_of(shape, {{.image = image, .mask = mask}});

  EXPECT_EQ(features[4 * 10 + 4], 0.0F);
  EXPECT_NEAR(features[4 * 10 + 5], std::asinh(1.0), single);
  const std::size_t ring = shape.core_count() + 3 * (11 - 5);
  EXPECT_NEAR(features[ring], std::asinh(1.0), single);
}

TEST(FeatureExtractor, KeepsBandsApart) {
  const Image<float> dark(n, n, 0.0F);
  const Image<float> bright(n, n, 1.0F);
  const auto shape = FeatureShape::for_stamp(n, 2, 5);

  const auto features = features_of(shape, {{.image = dark}, {.image = bright}});

  EXPECT_EQ(features[44], 0.0F);
  EXPECT_GT(features[144], 0.8F);
  EXPECT_EQ(features[200], 0.0F);
  EXPECT_GT(features[200 + 45], 0.8F);
}

}  // namespace
}  // namespace lensmill::analysis
