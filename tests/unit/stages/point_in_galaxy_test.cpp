#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/unit/stages/point_rows.hpp"

/// \file
/// A point in a Sersic galaxy is the sum of both (`source.point.host`).

namespace lensmill::stages {
namespace {

using test::flux_tolerance;
using test::OneRow;
using test::sis;
using test::total;
using test_support::edited;
using test_support::images_near;

constexpr std::size_t minimum = 0;
constexpr std::size_t saddle = 1;

std::string in_galaxy(double point_fraction) {
  return edited(edited(sis, "{point: {}}",
                       "{point: {host: {point_fraction: " +
                           std::to_string(point_fraction) + "}}}"),
                "  src_flux_nmgy_r",
                "  src_sersic_n: 1.0\n  src_q: 0.7\n  src_phi_rad: 0.4\n"
                "  src_reff_arcsec: 0.3\n  src_flux_nmgy_r");
}

TEST(PointInAGalaxy, IsTheSumOfBoth) {
  const OneRow point(sis);
  const OneRow galaxy(in_galaxy(0.0));
  constexpr double share = 0.25;

  const OneRow both(in_galaxy(share));

  Image<double> expected(65, 65);
  for (std::size_t k = 0; k < expected.size(); ++k) {
    expected.pixels()[k] = share * double{point.arc().pixels()[k]} +
                           (1.0 - share) * double{galaxy.arc().pixels()[k]};
  }
  EXPECT_TRUE(images_near(both.arc(), expected, {.relative_to_peak = flux_tolerance}));
  const auto mixed = [&](auto value) {
    return share * value(point) + (1.0 - share) * value(galaxy);
  };
  EXPECT_NEAR(both.measured().magnification,
              mixed([](const OneRow& row) { return row.measured().magnification; }),
              1.0e-12);
  for (const std::size_t kind : {minimum, saddle}) {
    EXPECT_NEAR(both.stamp.arc_planes.stamp_flux[kind], mixed([&](const OneRow& row) {
                  return row.stamp.arc_planes.stamp_flux[kind];
                }),
                1.0e-12);
  }
  EXPECT_NEAR(both.measured().core_flux_fraction[0], total(both.measured(), 0),
              1.0e-12);
}

TEST(PointInAGalaxy, WithoutAPointIsTheGalaxy) {
  const OneRow sersic(
      edited(in_galaxy(0.0), "{point: {host: {point_fraction: 0.000000}}}", "sersic"));

  EXPECT_TRUE(
      test_support::images_identical(OneRow(in_galaxy(0.0)).arc(), sersic.arc()));
}

TEST(PointInAGalaxy, WithAllOfItsLightIsThePoint) {
  EXPECT_TRUE(
      test_support::images_identical(OneRow(in_galaxy(1.0)).arc(), OneRow(sis).arc()));
}

TEST(PointInAGalaxy, IsSolvedForATargetSnrAsAWhole) {
  const OneRow row(
      edited(in_galaxy(0.5), "src_flux_nmgy_r: 10.0", "src_target_snr: 80"));

  EXPECT_NEAR(row.measured().arc_snr[0], 80.0, 1.0e-3);
}

TEST(PointInAGalaxy, HasAShareAndAPointAloneNoSize) {
  EXPECT_EQ(OneRow(in_galaxy(0.25)).stamp.injection.src_point_fraction, 0.25);
  EXPECT_TRUE(std::isnan(OneRow(sis).stamp.injection.src_point_fraction));
  EXPECT_TRUE(std::isnan(OneRow(sis).stamp.injection.src_reff_arcsec));
}

}  // namespace
}  // namespace lensmill::stages
