#include "lib/light/sersic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "lib/core/errors.hpp"

namespace lensmill::light {
namespace {

constexpr double pi = std::numbers::pi;

/// Flux inside the ellipse of circularised radius `circularised`, by composite Simpson
/// in s with R = s^(2n+1): the substitution takes the cusp away. Independent of gamma
/// functions. The profile is read along the major axis, where R = sqrt(q) x'.
double flux_by_quadrature(const Sersic& profile, double circularised) {
  constexpr int intervals = 20000;
  const auto& p = profile.params();
  const double power = 2.0 * p.sersic_n + 1.0;
  const double s_max = std::pow(circularised, 1.0 / power);
  const auto integrand = [&](double s) {
    const double r = std::pow(s, power);
    const double along = r / std::sqrt(p.q);
    return 2.0 * pi * r * power * std::pow(s, power - 1.0) *
           profile.at(along * std::cos(p.phi_rad), along * std::sin(p.phi_rad));
  };
  const double h = s_max / intervals;
  double sum = integrand(0.0) + integrand(s_max);
  for (int i = 1; i < intervals; ++i)
    sum += (i % 2 == 1 ? 4.0 : 2.0) * integrand(h * i);
  return sum * h / 3.0;
}

struct BReference {
  double n, b, total_for_unit_ie;
};
// Computed with an independent special-function library: b_n, and the total flux of a
// profile with I_e = 1, R_eff = 1, q = 1.
constexpr BReference b_references[] = {
    {0.5, 0.6931471805599455, 9.064720283654387},
    {1.0, 1.6783469900166612, 11.948494741464001},
    {1.5, 2.674060313723559, 14.292795036172771},
    {2.0, 3.672060748850897, 16.310880481779815},
    {2.5, 4.670908882795985, 18.10815048195672},
    {3.0, 5.67016118871207, 19.743750531583345},
    {4.0, 7.669249442500804, 22.665233723581743},
    {6.0, 11.668363153044767, 27.597727438285226},
    {8.0, 15.667929544317243, 31.77452385813993},
};
// Both libraries carry a few units in the last place of P(2n, b), n <= 8.
constexpr double special_function_tolerance = 5.0e-15;

class SersicIndex : public testing::TestWithParam<BReference> {};

TEST_P(SersicIndex, BIsTheReferenceValue) {
  const auto& reference = GetParam();

  EXPECT_NEAR(sersic_b(reference.n) / reference.b, 1.0, special_function_tolerance);
}

TEST_P(SersicIndex, NormalisationIsTheReferenceTotalFlux) {
  const auto& reference = GetParam();
  const Sersic profile({.reff_arcsec = 1.0, .sersic_n = reference.n});

  // Unit flux: I_e = 1/total, and the brightness at R_eff is I_e.
  EXPECT_NEAR(profile.at(1.0, 0.0) * reference.total_for_unit_ie, 1.0,
              10.0 * special_function_tolerance);
}
INSTANTIATE_TEST_SUITE_P(Reference, SersicIndex, testing::ValuesIn(b_references));

class SersicQuadrature : public testing::TestWithParam<double> {};

TEST_P(SersicQuadrature, HalfTheFluxIsInsideReffAndAllOfItInside) {
  const Sersic profile(
      {.reff_arcsec = 0.37, .sersic_n = GetParam(), .q = 0.6, .phi_rad = 0.7});
  // Simpson's remainder at 20000 intervals, with a margin (measured 2e-13).
  constexpr double quadrature_tolerance = 1.0e-11;
  // exp(-b x^(1/n)) at this radius is below 1e-16 of the total for every n.
  const double far = 0.37 * std::pow(70.0 / sersic_b(GetParam()), GetParam());

  EXPECT_NEAR(flux_by_quadrature(profile, 0.37), 0.5, quadrature_tolerance);
  EXPECT_NEAR(flux_by_quadrature(profile, far), 1.0, quadrature_tolerance);
}
INSTANTIATE_TEST_SUITE_P(Indices, SersicQuadrature,
                         testing::Values(0.3, 0.5, 0.77, 1.0, 2.3, 4.0, 8.0));

TEST(Sersic, IsophotesAreEllipsesOfTheStatedAxesAndAngle) {
  constexpr double q = 0.4;
  constexpr double phi = 1.1;
  const Sersic profile({.reff_arcsec = 0.5, .sersic_n = 2.0, .q = q, .phi_rad = phi});
  const double semi_major = 0.8;
  const double semi_minor = q * semi_major;

  const double on_major =
      profile.at(semi_major * std::cos(phi), semi_major * std::sin(phi));
  const double on_minor =
      profile.at(-semi_minor * std::sin(phi), semi_minor * std::cos(phi));

  constexpr double rounding = 1.0e-14;
  EXPECT_NEAR(on_major / on_minor, 1.0, rounding);
}

TEST(Sersic, BatchEqualsScalarForEveryIndexAndLength) {
  // Highway's exp and log are good to a few units in the last place; the exponent
  // reaches 30 here, which multiplies its own relative error.
  constexpr double vector_math_tolerance = 1.0e-13;
  for (const double n : {0.3, 0.5, 1.0, 1.7, 4.0, 8.0}) {
    const Sersic profile({.reff_arcsec = 0.2, .sersic_n = n, .q = 0.7, .phi_rad = 2.0});
    for (std::size_t count = 0; count < 35; ++count) {
      std::vector<double> x(count), y(count), out(count, -1.0);
      for (std::size_t i = 0; i < count; ++i) {
        x[i] = 0.017 * double(i) - 0.1;
        y[i] = 0.1 - 0.011 * double(i);
      }
      if (count > 3) x[3] = y[3] = 0.0;

      profile.evaluate(x, y, out);

      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_NEAR(out[i] / profile.at(x[i], y[i]), 1.0, vector_math_tolerance)
            << "n = " << n << ", point " << i << " of " << count;
      }
    }
  }
}

TEST(Sersic, FarTailsAreZeroNotNan) {
  const Sersic profile({.reff_arcsec = 0.05, .sersic_n = 0.5});
  const std::vector<double> x{1.0e3, 1.0e8, 0.0};
  const std::vector<double> y{0.0, -1.0e8, 0.0};
  std::vector<double> out(3);

  profile.evaluate(x, y, out);

  EXPECT_EQ(out[0], 0.0);
  EXPECT_EQ(out[1], 0.0);
  EXPECT_EQ(out[2], profile.central_brightness());
}

/// Flux inside the isophote of circularised radius `radius`, by midpoints in polar
/// coordinates of the stretched plane where the profile is round.
double flux_in_isophote(const Sersic& profile, double radius) {
  constexpr int rings = 400;
  constexpr int angles = 180;
  const auto& p = profile.params();
  const double power = 2.0 * p.sersic_n + 1.0;
  double sum = 0.0;
  for (int i = 0; i < rings; ++i) {
    // Equal steps in s with r = s^(2n+1): no cusp, midpoint rule.
    const double s = (i + 0.5) / rings;
    const double r = radius * std::pow(s, power);
    const double dr = radius * power * std::pow(s, power - 1.0) / rings;
    for (int j = 0; j < angles; ++j) {
      const double angle = 2.0 * pi * j / angles;
      const double major = r * std::cos(angle) / std::sqrt(p.q);
      const double minor = r * std::sin(angle) * std::sqrt(p.q);
      sum += profile.at(std::cos(p.phi_rad) * major - std::sin(p.phi_rad) * minor,
                        std::sin(p.phi_rad) * major + std::cos(p.phi_rad) * minor) *
             r * dr;
    }
  }
  return sum * 2.0 * pi / angles;
}

TEST(Sersic, FluxWithinIsThatOfTheIsophote) {
  constexpr double quadrature_tolerance = 1.0e-11;
  constexpr double midpoint_tolerance = 1.0e-4;  // relative, of flux_in_isophote
  for (const double n : {0.5, 1.0, 4.0}) {
    const Sersic round({.reff_arcsec = 0.3, .sersic_n = n});
    const Sersic flat({.reff_arcsec = 0.3, .sersic_n = n, .q = 0.5, .phi_rad = 0.3});
    for (const double r : {0.01, 0.1, 0.5, 2.0}) {
      const double inside = flux_in_isophote(flat, r);
      EXPECT_NEAR(round.flux_within(r), flux_by_quadrature(round, r),
                  quadrature_tolerance);
      EXPECT_NEAR(flat.flux_within(r), inside, midpoint_tolerance * inside);
    }
    EXPECT_EQ(round.flux_within(0.0), 0.0);
  }
}

TEST(Sersic, IsRoundInItsOwnMetric) {
  const Sersic profile(
      {.reff_arcsec = 0.4, .sersic_n = 1.7, .q = 0.35, .phi_rad = 0.8});
  const auto metric = profile.round_metric();

  constexpr double rounding = 1.0e-14;
  EXPECT_NEAR(metric.xx * metric.yy - metric.xy * metric.xy, 1.0, rounding);
  const Sersic round({.reff_arcsec = 0.4, .sersic_n = 1.7});
  for (const double angle : {0.0, 0.8, 1.3, 2.9, 4.4}) {
    const double x = 0.3 * std::cos(angle);
    const double y = 0.3 * std::sin(angle);
    const double radius = std::sqrt(metric.squared(x, y));
    EXPECT_NEAR(profile.at(x, y), round.at(radius, 0.0),
                rounding * profile.central_brightness());
  }
}

TEST(Sersic, RefusesWhatIsNoProfile) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Sersic({.reff_arcsec = 0.0}), DataError);
  EXPECT_THROW(Sersic({.reff_arcsec = nan}), DataError);
  EXPECT_THROW(Sersic({.sersic_n = 0.2}), DataError);
  EXPECT_THROW(Sersic({.sersic_n = 8.5}), DataError);
  EXPECT_THROW(Sersic({.q = 0.0}), DataError);
  EXPECT_THROW(Sersic({.q = 1.1}), DataError);
  EXPECT_THROW(Sersic({.phi_rad = nan}), DataError);
  EXPECT_THROW(sersic_b(nan), DataError);
}

}  // namespace
}  // namespace lensmill::light
