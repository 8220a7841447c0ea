#include "lib/recovery/position_offset.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace lensmill::recovery {
namespace {

std::vector<Offset> normal(int n, Offset mean, double sigma, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> error(0.0, sigma);
  std::vector<Offset> offsets;
  for (int k = 0; k < n; ++k) {
    const double x = mean.x_arcsec + error(random);
    offsets.push_back({x, mean.y_arcsec + error(random)});
  }
  return offsets;
}

/// Pairs by chance within the search of a match radius of 1.
std::vector<Offset> background(int n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> place(-offset_search_radii,
                                               offset_search_radii);
  std::vector<Offset> offsets;
  while (static_cast<int>(offsets.size()) < n) {
    const double x = place(random), y = place(random);
    if (std::hypot(x, y) <= offset_search_radii) offsets.push_back({x, y});
  }
  return offsets;
}

TEST(MedianOffset, IsSignificantWhereTheWorldCoordinatesAreOff) {
  const auto shifted = median_offset(normal(200, {0.262, 0.0}, 0.2, 1), 1.0);
  const auto centred = median_offset(normal(200, {0.0, 0.0}, 0.2, 1), 1.0);

  // sqrt(pi / 2) * 0.2 / sqrt(200)
  constexpr double expected_error = 0.0177;
  EXPECT_NEAR(shifted.standard_error.x_arcsec, expected_error, 0.3 * expected_error);
  EXPECT_NEAR(shifted.median.x_arcsec, 0.262, 4.0 * expected_error);
  EXPECT_TRUE(shifted.is_significant);
  EXPECT_FALSE(centred.is_significant);
}

TEST(MedianOffset, IsNotSignificantWhereItIsSmallOrOfFew) {
  // 100 sigma, but a fiftieth of the radius.
  EXPECT_FALSE(median_offset(normal(10000, {0.02, 0.0}, 0.01, 2), 1.0).is_significant);
  EXPECT_FALSE(median_offset(normal(4, {0.5, 0.5}, 0.01, 2), 1.0).is_significant);
  EXPECT_TRUE(median_offset(normal(5, {0.5, 0.5}, 0.01, 2), 1.0).is_significant);
}

TEST(MedianOffset, OfFewMatchesIsUndefined) {
  EXPECT_TRUE(std::isnan(median_offset({}, 1.0).median.x_arcsec));
  const std::vector<Offset> one{{0.5, -0.25}};
  EXPECT_EQ(median_offset(one, 1.0).median.y_arcsec, -0.25);
  EXPECT_TRUE(std::isnan(median_offset(one, 1.0).standard_error.x_arcsec));
}

TEST(OffsetBetween, IsEastAndNorthOnTheSky) {
  // Second order in an angle of 1e-5.
  constexpr double curvature_arcsec = 1.0e-4;
  const double dec = 60.0, arcsec = 1.0 / 3600.0;
  const auto here = on_sky(200.0, dec);

  const auto east = offset_between(here, on_sky(200.0 + 4.0 * arcsec, dec), Frame::sky);
  const auto north =
      offset_between(here, on_sky(200.0, dec + 3.0 * arcsec), Frame::sky);
  const auto x =
      offset_between(on_image(5.0, 7.0, 0.5), on_image(7.0, 6.0, 0.5), Frame::image);

  EXPECT_NEAR(east.x_arcsec, 2.0, curvature_arcsec);
  EXPECT_NEAR(east.y_arcsec, 0.0, curvature_arcsec);
  EXPECT_NEAR(north.x_arcsec, 0.0, curvature_arcsec);
  EXPECT_NEAR(north.y_arcsec, 3.0, curvature_arcsec);
  EXPECT_EQ(x.x_arcsec, 1.0);
  EXPECT_EQ(x.y_arcsec, -0.5);
}

TEST(CommonOffset, IsFoundBeyondTheRadius) {
  auto offsets = background(500, 3);
  const auto true_pairs = normal(60, {-8.2, 5.1}, 0.2, 4);
  offsets.insert(offsets.end(), true_pairs.begin(), true_pairs.end());

  const auto found = common_offset(offsets, 1.0);

  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(found->offset.x_arcsec, -8.2, 1.0);  // the cell's half
  EXPECT_NEAR(found->offset.y_arcsec, 5.1, 1.0);
  EXPECT_LT(found->at_zero, 10);
}

TEST(CommonOffset, IsNotFoundByChance) {
  // 1 of 10,000 searches would find one.
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    for (const int pairs : {0, 1, 10, 300, 3000}) {
      EXPECT_FALSE(common_offset(background(pairs, seed), 1.0).has_value())
          << pairs << " pairs, seed " << seed;
    }
  }
}

TEST(CommonOffset, IsNotFoundWhereTheMatchesAre) {
  auto offsets = background(500, 3);
  const auto true_pairs = normal(60, {0.1, 0.1}, 0.2, 4);
  offsets.insert(offsets.end(), true_pairs.begin(), true_pairs.end());

  EXPECT_FALSE(common_offset(offsets, 1.0).has_value());
}

}  // namespace
}  // namespace lensmill::recovery
