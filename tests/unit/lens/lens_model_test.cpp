#include "lib/lens/lens_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/lens/image_kind.hpp"

namespace lensmill::lens {
namespace {

constexpr LensParams epl_with_shear{.theta_e_arcsec = 1.4,
                                    .q = 0.65,
                                    .phi_rad = 0.9,
                                    .gamma = 1.85,
                                    .shear_g1 = 0.03,
                                    .shear_g2 = -0.05};

struct EplReference {
  double theta_e, q, gamma, x, y, alpha_x, alpha_y, kappa;
};
// Computed independently (series and direct quadrature of the mass agree to 1e-15).
constexpr EplReference references[] = {
    {1.0, 1.0, 2.0, 0.3, -0.8, 0.3511234415883917, -0.9363291775690445,
     0.5852057359806527},
    {1.0, 0.8, 2.0, -1.7, 1.1, -0.7869844090532492, 0.5917125803147286,
     0.25567170739770045},
    {1.5, 0.7, 2.0, 1.0, 0.5, 1.2176081715529445, 0.7762892858948931,
     0.729448143869456},
    {1.5, 0.7, 1.8, 0.3, -0.8, 0.39278129685854507, -1.3582260343702064,
     0.8375594392446742},
    {1.5, 0.7, 1.8, 0.05, 0.02, 0.6417145388262606, 0.3372824725770362,
     9.391222443520842},
    {1.5, 0.7, 2.2, 0.05, 0.02, 2.5275290908297716, 1.2497094585546045,
     24.76944679080303},
    {2.0, 0.5, 2.0, 0.05, 0.02, 1.5254340810674103, 0.9888930249149737,
     22.08630521496931},
    {1.2, 0.6, 2.4, 0.05, 0.02, 3.5668471217185087, 1.8366316332196975,
     28.37399761147296},
    {1.2, 0.6, 1.6, 0.05, 0.02, 0.2647122483945568, 0.16247770233456538,
     4.918913178197925},
    {1.2, 0.6, 1.6, 1.0, 0.5, 0.8506162249536459, 0.6511304688520955,
     0.7770575997204322},
};

class EplReferenceTable : public testing::TestWithParam<EplReference> {};

TEST_P(EplReferenceTable, DeflectionAndConvergence) {
  // A few roundings of numbers of order one; the reference carries 1e-15 itself.
  constexpr double rounding = 1.0e-14;
  const auto& r = GetParam();
  const LensModel lens({.theta_e_arcsec = r.theta_e, .q = r.q, .gamma = r.gamma});

  const Vector2 alpha = lens.deflection(r.x, r.y);

  EXPECT_NEAR(alpha.x, r.alpha_x, rounding);
  EXPECT_NEAR(alpha.y, r.alpha_y, rounding);
  EXPECT_NEAR(lens.convergence(r.x, r.y) / r.kappa, 1.0, rounding);
}
INSTANTIATE_TEST_SUITE_P(Independent, EplReferenceTable, testing::ValuesIn(references));

TEST(SisDeflection, HasTheLengthOfTheEinsteinRadiusEverywhere) {
  constexpr double rounding = 1.0e-15;
  const LensModel lens({.theta_e_arcsec = 1.7});

  for (const double r : {1.0e-9, 1.0e-3, 1.0, 40.0}) {
    const Vector2 alpha = lens.deflection(r * 0.6, r * 0.8);

    EXPECT_NEAR(alpha.x, 1.7 * 0.6, rounding);
    EXPECT_NEAR(alpha.y, 1.7 * 0.8, rounding);
  }
}

TEST(SisMagnification, IsOnePlusAndMinusThetaEOverBeta) {
  constexpr double rounding = 1.0e-13;  // 1/det with det = O(0.1)
  constexpr double theta_e = 1.2;
  const LensModel lens({.theta_e_arcsec = theta_e});
  for (const double beta : {0.1, 0.5, 1.1}) {
    const Ray outer = lens.ray(theta_e + beta, 0.0);
    const Ray counter = lens.ray(beta - theta_e, 0.0);

    EXPECT_NEAR(outer.beta.x, beta, rounding);
    EXPECT_NEAR(counter.beta.x, beta, rounding);
    EXPECT_NEAR(outer.determinant * (1.0 + theta_e / beta), 1.0, rounding);
    EXPECT_NEAR(counter.determinant * (1.0 - theta_e / beta), 1.0, rounding);
    EXPECT_EQ(kind_of(outer.determinant, outer.trace), ImageKind::minimum);
    EXPECT_EQ(kind_of(counter.determinant, counter.trace), ImageKind::saddle);
  }
}

/// The SIE of Kormann, Schneider & Bartelmann (1994, A&A 284, 285) in our
/// normalisation.
Vector2 sie_closed_form(double theta_e, double q, double x, double y) {
  const double psi = std::hypot(q * x, y);
  const double f = std::sqrt(1.0 - q * q);
  const double b = theta_e * std::sqrt(q);
  return {b / f * std::atan(f * x / psi), b / f * std::atanh(f * y / psi)};
}

class SieAxisRatio : public testing::TestWithParam<double> {};

TEST_P(SieAxisRatio, SeriesMatchesTheClosedForm) {
  // atanh near 1 loses digits in the closed form itself, so flat lenses get less.
  const double rounding = 2.0e-15 / GetParam();
  const double q = GetParam();
  const LensModel lens({.theta_e_arcsec = 1.3, .q = q});
  for (int i = 0; i < 60; ++i) {
    const double angle = 0.1 + 2.0 * std::numbers::pi * i / 60.0;
    const double x = 0.8 * std::cos(angle);
    const double y = 0.8 * std::sin(angle);
    const Vector2 expected = sie_closed_form(1.3, q, x, y);

    const Vector2 alpha = lens.deflection(x, y);

    EXPECT_NEAR(alpha.x, expected.x, rounding) << "at angle " << angle;
    EXPECT_NEAR(alpha.y, expected.y, rounding) << "at angle " << angle;
  }
}
INSTANTIATE_TEST_SUITE_P(FlatToRound, SieAxisRatio,
                         testing::Values(0.05, 0.2, 0.5, 0.8, 0.99));

TEST(EplDeflection, TendsToTheRoundLensLinearlyInOneMinusQ) {
  for (const double gamma : {1.3, 2.0, 2.7}) {
    const LensModel round({.gamma = gamma});
    const auto difference = [&](double one_minus_q) {
      const LensModel flat({.q = 1.0 - one_minus_q, .gamma = gamma});
      const Vector2 a = flat.deflection(0.3, 0.7);
      const Vector2 b = round.deflection(0.3, 0.7);
      return std::hypot(a.x - b.x, a.y - b.y);
    };

    // First order in 1-q, so a tenfold smaller one is tenfold smaller to 1-q.
    constexpr double second_order = 0.01;
    EXPECT_NEAR(difference(1.0e-4) / difference(1.0e-5), 10.0, second_order);
    EXPECT_LT(difference(1.0e-13), 1.0e-12);
  }
}

TEST(EplJacobian, IsTheDerivativeOfTheDeflection) {
  for (const double gamma : {1.3, 1.85, 2.0, 2.7}) {
    LensParams params = epl_with_shear;
    params.gamma = gamma;
    const LensModel lens(params);
    const double x = 0.5;
    const double y = -0.9;
    const Ray ray = lens.ray(x, y);
    const auto worst_error = [&](double h) {
      const Vector2 e = lens.source_position(x + h, y);
      const Vector2 w = lens.source_position(x - h, y);
      const Vector2 n = lens.source_position(x, y + h);
      const Vector2 s = lens.source_position(x, y - h);
      const double xx = (e.x - w.x) / (2.0 * h) - ray.jacobian.xx;
      const double xy = (n.x - s.x) / (2.0 * h) - ray.jacobian.xy;
      const double yx = (e.y - w.y) / (2.0 * h) - ray.jacobian.xy;
      const double yy = (n.y - s.y) / (2.0 * h) - ray.jacobian.yy;
      return std::max({std::abs(xx), std::abs(xy), std::abs(yx), std::abs(yy)});
    };

    // Central differences are second order: halving the step quarters the error.
    constexpr double order_slack = 0.05;
    EXPECT_NEAR(worst_error(2.0e-3) / worst_error(1.0e-3), 4.0, order_slack);
    EXPECT_LT(worst_error(1.0e-5), 1.0e-9);
    constexpr double rounding = 1.0e-14;
    EXPECT_NEAR(ray.determinant, ray.jacobian.determinant(), rounding);
    EXPECT_NEAR(ray.trace, ray.jacobian.trace(), rounding);
  }
}

TEST(EplJacobian, DeterminantKeepsItsDigitsNextToTheCentre) {
  // SIE without shear: det A = 1 - 2 kappa exactly.
  constexpr double rounding = 1.0e-14;
  const LensModel lens({.q = 0.6});

  const Ray ray = lens.ray(1.0e-7, 2.0e-7);

  const double expected = 1.0 - 2.0 * lens.convergence(1.0e-7, 2.0e-7);
  EXPECT_NEAR(ray.determinant / expected, 1.0, rounding);
}

struct RadialCaustic {
  double gamma, beta_over_theta_e;
};
class AxisymmetricEpl : public testing::TestWithParam<RadialCaustic> {};

TEST_P(AxisymmetricEpl, SourceOnTheRadialCriticalCurveIsAtTheRadialCaustic) {
  // Closed form: d beta/d theta = 0 at theta = (2-gamma)^(1/(gamma-1)) theta_E.
  constexpr double printed_digits = 5.0e-4;
  const auto [gamma, expected] = GetParam();
  const LensModel lens({.gamma = gamma});
  const double theta = std::pow(2.0 - gamma, 1.0 / (gamma - 1.0));

  const Ray ray = lens.ray(theta, 0.0);

  EXPECT_NEAR(ray.determinant, 0.0, 1.0e-13);
  EXPECT_LT(ray.trace, 0.0);
  EXPECT_NEAR(-ray.beta.x, expected, printed_digits);
}
INSTANTIATE_TEST_SUITE_P(Slopes, AxisymmetricEpl,
                         testing::Values(RadialCaustic{1.6, 0.326},
                                         RadialCaustic{1.7, 0.418},
                                         RadialCaustic{1.8, 0.535},
                                         RadialCaustic{1.9, 0.697},
                                         RadialCaustic{1.95, 0.811}));

TEST(LensModel, RotatesWithItsPositionAngle) {
  constexpr double rounding = 1.0e-14;
  constexpr double turn = 0.7;
  LensParams params = epl_with_shear;
  const LensModel lens(params);
  params.phi_rad += turn;
  const double c2 = std::cos(2.0 * turn);
  const double s2 = std::sin(2.0 * turn);
  params.shear_g1 = epl_with_shear.shear_g1 * c2 - epl_with_shear.shear_g2 * s2;
  params.shear_g2 = epl_with_shear.shear_g1 * s2 + epl_with_shear.shear_g2 * c2;
  const LensModel turned(params);
  const auto rotated = [](double x, double y) {
    return Vector2{x * std::cos(turn) - y * std::sin(turn),
                   x * std::sin(turn) + y * std::cos(turn)};
  };

  const Vector2 alpha = lens.deflection(0.4, 1.1);
  const Vector2 expected = rotated(alpha.x, alpha.y);
  const Vector2 where = rotated(0.4, 1.1);
  const Vector2 got = turned.deflection(where.x, where.y);

  EXPECT_NEAR(got.x, expected.x, rounding);
  EXPECT_NEAR(got.y, expected.y, rounding);
}

TEST(LensModel, WithoutMassIsShearAlone) {
  const LensModel lens(
      {.theta_e_arcsec = 0.0, .q = 0.5, .shear_g1 = 0.1, .shear_g2 = 0.2});

  const Ray ray = lens.ray(0.5, 0.25);

  EXPECT_DOUBLE_EQ(ray.beta.x, 0.5 - 0.1 * 0.5 - 0.2 * 0.25);
  EXPECT_DOUBLE_EQ(ray.beta.y, 0.25 - 0.2 * 0.5 + 0.1 * 0.25);
  EXPECT_DOUBLE_EQ(ray.determinant, 1.0 - 0.05);
  EXPECT_EQ(lens.deflection(0.0, 0.0).x, 0.0);
}

TEST(LensModel, SingularCentreIsFiniteAndOfTheKindAroundIt) {
  for (const double gamma : {1.3, 1.7, 2.0, 2.4, 2.7}) {
    const LensModel lens({.q = 0.7, .phi_rad = 0.3, .gamma = gamma});
    // Below gamma = 2 the deflection falls to 0 at the centre: a maximum is there.
    const ImageKind expected = gamma < 2.0 ? ImageKind::maximum : ImageKind::saddle;

    const Ray ray = lens.ray(0.0, 0.0);

    EXPECT_EQ(ray.beta.x, 0.0);
    EXPECT_EQ(ray.beta.y, 0.0);
    EXPECT_TRUE(std::isfinite(ray.determinant));
    EXPECT_EQ(kind_of(ray.determinant, ray.trace), expected) << "gamma = " << gamma;
  }
}

TEST(LensModel, SetAgainIsTheOneThatIsConstructed) {
  const LensParams flat{.q = 0.3, .gamma = 2.3};  // a longer series
  for (const auto& [first, then] :
       {std::pair{flat, epl_with_shear}, std::pair{epl_with_shear, flat}}) {
    LensModel lens(first);
    lens.set(then);
    const LensModel expected(then);

    EXPECT_THROW(lens.set({.q = 2.0}), DataError);  // and stays what it is

    const double x = 0.31, y = -0.72;
    double beta_x = 0.0, beta_y = 0.0, determinant = 0.0, trace = 0.0;
    double expected_x = 1.0, expected_y = 1.0;
    lens.ray_shoot(
        {{&x, 1}, {&y, 1}, {&beta_x, 1}, {&beta_y, 1}, {&determinant, 1}, {&trace, 1}});
    expected.ray_shoot({{&x, 1},
                        {&y, 1},
                        {&expected_x, 1},
                        {&expected_y, 1},
                        {&determinant, 1},
                        {&trace, 1}});
    EXPECT_EQ(beta_x, expected_x);
    EXPECT_EQ(beta_y, expected_y);
    EXPECT_EQ(lens.ray(x, y).determinant, expected.ray(x, y).determinant);
    EXPECT_EQ(lens.params().q, then.q);
  }
}

TEST(LensModel, SaysWhatIntegrationMustKnowOfItsCentre) {
  EXPECT_TRUE(LensModel().is_singular_at_centre());
  EXPECT_FALSE(
      LensModel({.theta_e_arcsec = 0.0, .shear_g1 = 0.1}).is_singular_at_centre());
  EXPECT_EQ(LensModel({.gamma = 1.99}).central_images(), CentralImages::possible);
  EXPECT_EQ(LensModel({.gamma = 2.0}).central_images(), CentralImages::none);
  EXPECT_EQ(LensModel({.gamma = 2.01}).central_images(), CentralImages::none);
}

TEST(LensModel, RefusesParametersOutsideTheirRangesAllAtOnce) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(LensModel({.theta_e_arcsec = -1.0}), DataError);
  EXPECT_THROW(LensModel({.theta_e_arcsec = nan}), DataError);
  EXPECT_THROW(LensModel({.q = 0.0}), DataError);
  EXPECT_THROW(LensModel({.q = 1.01}), DataError);
  EXPECT_THROW(LensModel({.gamma = 1.2}), DataError);
  EXPECT_THROW(LensModel({.gamma = 2.8}), DataError);
  EXPECT_THROW(LensModel({.shear_g1 = 0.8, .shear_g2 = 0.8}), DataError);
  try {
    LensModel({.q = 1.5, .gamma = 4.0});
    FAIL() << "no error";
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("lens_q: must be in [0.01, 1] (got 1.5)"),
              std::string::npos);
    EXPECT_NE(message.find("lens_gamma: must be"), std::string::npos);
  }
}

}  // namespace
}  // namespace lensmill::lens
