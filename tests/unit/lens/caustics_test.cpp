#include "lib/lens/caustics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lensmill::lens {
namespace {

constexpr LensParams flat_with_shear{.theta_e_arcsec = 1.4,
                                     .q = 0.7,
                                     .phi_rad = 0.9,
                                     .gamma = 1.8,
                                     .shear_g1 = 0.04,
                                     .shear_g2 = -0.03};

TEST(CriticalCurves, HaveZeroDeterminantAndMapToTheirCaustics) {
  constexpr double rounding = 1.0e-13;
  for (const double gamma : {1.4, 1.8, 2.0, 2.3, 2.7}) {
    LensParams params = flat_with_shear;
    params.gamma = gamma;
    const LensModel lens(params);

    const auto curves = critical_curves(lens, 90);

    const auto check = [&](const auto& critical, const auto& caustic, double sign) {
      ASSERT_EQ(critical.size(), 90u);
      ASSERT_EQ(caustic.size(), 90u);
      for (std::size_t i = 0; i < critical.size(); ++i) {
        const Ray ray = lens.ray(critical[i].x, critical[i].y);
        EXPECT_NEAR(ray.determinant / (1.0 + ray.trace * ray.trace), 0.0, rounding);
        // The other eigenvalue tells the curves apart.
        EXPECT_GT(sign * ray.trace, 0.0);
        EXPECT_NEAR(ray.beta.x, caustic[i].x, rounding);
        EXPECT_NEAR(ray.beta.y, caustic[i].y, rounding);
      }
    };
    check(curves.tangential_critical, curves.tangential_caustic, 1.0);
    if (gamma < 2.0) check(curves.radial_critical, curves.radial_caustic, -1.0);
    EXPECT_EQ(curves.radial_critical.empty(), gamma >= 2.0);
    EXPECT_EQ(curves.radial_caustic.empty(), gamma > 2.0);
  }
}

TEST(CriticalCurves, OfAnSisAreTheEinsteinRingAndTheCut) {
  constexpr double rounding = 1.0e-14;
  const auto curves = critical_curves(LensModel({.theta_e_arcsec = 1.3}), 24);

  for (std::size_t i = 0; i < 24; ++i) {
    const auto& ring = curves.tangential_critical[i];
    const auto& cut = curves.radial_caustic[i];
    EXPECT_NEAR(std::hypot(ring.x, ring.y), 1.3, rounding);
    EXPECT_NEAR(std::hypot(cut.x, cut.y), 1.3, rounding);
    EXPECT_NEAR(curves.tangential_caustic[i].x, 0.0, rounding);
    EXPECT_NEAR(curves.tangential_caustic[i].y, 0.0, rounding);
  }
}

TEST(CriticalCurves, OfNoLensAreEmpty) {
  const LensModel lens({.theta_e_arcsec = 0.0, .shear_g1 = 0.1});

  EXPECT_TRUE(critical_curves(lens, 10).tangential_critical.empty());
  EXPECT_FALSE(caustic_membership(lens, {0.0, 0.0}).in_tangential_caustic);
  EXPECT_FALSE(caustic_membership(lens, {0.0, 0.0}).in_radial_caustic);
}

TEST(CausticMembership, OfAxisymmetricLensesEndsAtTheClosedForm) {
  // beta_rad = theta_E (1-s)/s s^(1/(1-s)), s = 2 - gamma: the closed form (0.535 at
  // gamma = 1.8).
  constexpr double just = 1.0e-9;
  for (const double gamma : {1.3, 1.6, 1.8, 1.95}) {
    const double s = 2.0 - gamma;
    const double theta = std::pow(s, 1.0 / (1.0 - s));
    const double caustic = std::pow(theta, s) - theta;
    const LensModel lens({.gamma = gamma});

    const auto at = [&](double beta) {
      return caustic_membership(lens, {-0.6 * beta, 0.8 * beta});
    };

    EXPECT_TRUE(at(caustic - just).in_radial_caustic) << gamma;
    EXPECT_FALSE(at(caustic + just).in_radial_caustic) << gamma;
    EXPECT_FALSE(at(0.01).in_tangential_caustic) << gamma;
  }
  EXPECT_TRUE(caustic_membership(LensModel(), {0.0, 1.0 - just}).in_radial_caustic);
  EXPECT_FALSE(caustic_membership(LensModel(), {0.0, 1.0 + just}).in_radial_caustic);
  EXPECT_TRUE(
      caustic_membership(LensModel({.gamma = 2.1}), {30.0, 0.0}).in_radial_caustic);
}

TEST(CausticMembership, ChangesExactlyOnTheCurves) {
  // A step of this size along the outward direction crosses a curve of size 1 arcsec
  // except where it runs along it (next to cusps), which the sample avoids.
  constexpr double step = 1.0e-7;
  for (const double gamma : {1.8, 2.0, 2.3}) {
    LensParams params = flat_with_shear;
    params.gamma = gamma;
    const LensModel lens(params);
    const auto curves = critical_curves(lens, 37);
    for (const auto& point : curves.tangential_caustic) {
      const auto inner =
          caustic_membership(lens, {point.x * (1.0 - step), point.y * (1.0 - step)});
      const auto outer =
          caustic_membership(lens, {point.x * (1.0 + step), point.y * (1.0 + step)});
      EXPECT_TRUE(inner.in_tangential_caustic);
      EXPECT_FALSE(outer.in_tangential_caustic);
    }
    for (const auto& point : curves.radial_caustic) {
      const auto inner =
          caustic_membership(lens, {point.x * (1.0 - step), point.y * (1.0 - step)});
      const auto outer =
          caustic_membership(lens, {point.x * (1.0 + step), point.y * (1.0 + step)});
      EXPECT_TRUE(inner.in_radial_caustic);
      EXPECT_FALSE(outer.in_radial_caustic);
    }
  }
}

}  // namespace
}  // namespace lensmill::lens
