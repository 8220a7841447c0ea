#include "lib/analysis/point_like.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace lensmill::analysis {
namespace {

constexpr double rounding = 1.0e-14;

/// The two images of an SIS: mu = 1 + theta_E/beta outside, 1 - theta_E/beta inside.
std::vector<StoredImage> sis_images(double theta_e, double beta) {
  return {
      {.x_arcsec = beta + theta_e, .magnification = 1.0 + theta_e / beta, .kind = 1},
      {.x_arcsec = beta - theta_e, .magnification = 1.0 - theta_e / beta, .kind = 2},
      {.x_arcsec = NAN, .y_arcsec = NAN, .magnification = NAN, .kind = 0}};
}

TEST(PointLikeShares, OfAnSisAreItsClosedForm) {
  // The counter-image carries (1 - beta/theta_E)/2 of the light.
  const CoreCircle core{.radius_arcsec = 1.31, .half_stamp_arcsec = 8.4};

  const auto wide = point_like_shares(sis_images(2.0, 1.0), core);
  const auto narrow = point_like_shares(sis_images(0.6, 0.3), core);

  EXPECT_NEAR(wide[counter], 0.25, rounding);
  EXPECT_EQ(wide[outer], 0.0);
  EXPECT_NEAR(narrow[counter], 0.25, rounding);
  EXPECT_NEAR(narrow[outer], 0.75, rounding);
  EXPECT_EQ(narrow[central], 0.0);
}

TEST(PointLikeShares, AreOfTheImagesInTheStamp) {
  const CoreCircle core{.radius_arcsec = 1.31, .half_stamp_arcsec = 2.5};

  const auto shares = point_like_shares(sis_images(2.0, 1.0), core);

  EXPECT_EQ(shares[counter], 1.0) << "the outer image is at 3 arcsec";
}

TEST(PointLikeShares, FollowTheAperturesCentre) {
  const CoreCircle core{
      .x_arcsec = 3.0, .radius_arcsec = 0.5, .half_stamp_arcsec = 8.4};

  const auto shares = point_like_shares(sis_images(2.0, 1.0), core);

  EXPECT_EQ(shares[counter], 0.0);
  EXPECT_NEAR(shares[outer], 0.75, rounding);
}

TEST(PointLikeShares, AreUndefinedWithoutImagesAndOnCaustics) {
  const CoreCircle core{.radius_arcsec = 1.31, .half_stamp_arcsec = 8.4};
  const StoredImage on_caustic{.magnification = std::numeric_limits<double>::infinity(),
                               .kind = 1};

  EXPECT_TRUE(std::isnan(point_like_shares({}, core)[counter]));
  EXPECT_TRUE(std::isnan(point_like_shares(std::span(&on_caustic, 1), core)[outer]));
}

TEST(RingShares, CountHalfToEitherSide) {
  const CoreCircle core{.radius_arcsec = 1.31, .half_stamp_arcsec = 8.4};

  EXPECT_EQ(ring_shares(1.0, core)[counter], 0.5);
  EXPECT_EQ(ring_shares(1.0, core)[outer], 0.5);
  EXPECT_EQ(ring_shares(2.0, core)[counter], 0.0);
}

}  // namespace
}  // namespace lensmill::analysis
