#include "lib/analysis/sensitivity.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

constexpr double pi = std::numbers::pi;

/// Ishigami & Homma 1990: sin x1 + a sin^2 x2 + b x3^4 sin x1, x uniform in (-pi, pi).
constexpr double a = 7.0, b = 0.1;
double ishigami(std::span<const double> x) {
  return std::sin(x[0]) + a * std::pow(std::sin(x[1]), 2) +
         b * std::pow(x[2], 4) * std::sin(x[0]);
}
/// Its indices in closed form.
struct ClosedForm {
  double variance =
      0.125 * a * a + b * std::pow(pi, 4) / 5.0 + b * b * std::pow(pi, 8) / 18.0 + 0.5;
  double v1 = 0.5 * std::pow(1.0 + b * std::pow(pi, 4) / 5.0, 2);
  double v2 = 0.125 * a * a;
  double v13 = b * b * std::pow(pi, 8) * (1.0 / 18.0 - 1.0 / 50.0);
  std::array<double, 3> first{v1 / variance, v2 / variance, 0.0};
  std::array<double, 3> total{(v1 + v13) / variance, v2 / variance, v13 / variance};
};

Sample ishigami_sample(int rows, std::int64_t stream_id) {
  Sample sample;
  sample.variables = {"x1", "x2", "x3"};
  RandomStream stream(11, stream_id, StreamTag::self_test);
  for (int i = 0; i < rows; ++i) {
    for (int k = 0; k < 3; ++k) {
      sample.values.push_back(pi * (2.0 * stream.uniform() - 1.0));
    }
    sample.response.push_back(ishigami(sample.row(sample.response.size())));
    sample.unit.push_back(i);
  }
  return sample;
}

TEST(SobolIndices, OfTheIshigamiFunctionOnARadialDesign) {
  // Standard errors at 16384 rows, from the estimators' scatter over seeds: 0.012
  // (first order), 0.010 (total): four of them, and the intervals are checked to say
  // so.
  constexpr double tolerance = 0.05;
  const ClosedForm truth;
  const auto found =
      sobol_indices(evaluate_design(ishigami, ishigami_sample(50000, 1), 16384));

  ASSERT_EQ(found.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(found[k].first.value, truth.first[k], tolerance) << k;
    EXPECT_NEAR(found[k].total.value, truth.total[k], tolerance) << k;
    EXPECT_LT(found[k].first.standard_error, tolerance / 3.0) << k;
    EXPECT_LT(found[k].total.standard_error, tolerance / 3.0) << k;
  }
}

TEST(FirstOrderIndices, OfTheIshigamiFunctionFromRowsAsTheyAre) {
  // Statistical error at 20000 rows: 0.007. Classes of 1/32 of the range lose the
  // scatter of sin^2(x2) within them: (2 pi/32)^2/12 4/... = 1 % of 0.44. Together:
  constexpr double tolerance = 0.03;
  const ClosedForm truth;

  const auto found = first_order_indices(ishigami_sample(20000, 2));

  ASSERT_EQ(found.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(found[k].value, truth.first[k], tolerance) << k;
    EXPECT_LT(found[k].lower, found[k].value);
    EXPECT_GT(found[k].upper, found[k].value);
    EXPECT_NEAR(found[k].lower, truth.first[k], tolerance);
    EXPECT_NEAR(found[k].upper, truth.first[k], tolerance);
  }
}

TEST(FirstOrderIndices, CountDiscreteValuesAsClasses) {
  // y = x + noise, x in {0, 1} with equal weights, noise uniform: variances 1/4 and
  // 1/12, so the index is 0.75; standard error at 10000 rows: 0.004.
  constexpr double tolerance = 0.02;
  Sample sample;
  sample.variables = {"x", "constant"};
  RandomStream stream(12, 1, StreamTag::self_test);
  for (int i = 0; i < 10000; ++i) {
    const double x = stream.uniform() < 0.5 ? 0.0 : 1.0;
    sample.values.insert(sample.values.end(), {x, 3.0});
    sample.response.push_back(x + stream.uniform());
    sample.unit.push_back(i);
  }

  const auto found = first_order_indices(sample);

  EXPECT_NEAR(found[0].value, 0.75, tolerance);
  EXPECT_TRUE(std::isnan(found[1].value));
}

TEST(Predictor, RecoversAPolynomialAndIgnoresWhatDoesNotVary) {
  // An exact quadratic: only the penalty (1e-8) stands between the fit and rounding.
  constexpr double tolerance = 1.0e-5;
  Sample sample;
  sample.variables = {"u", "constant", "v"};
  RandomStream stream(13, 1, StreamTag::self_test);
  const auto truth = [](double u, double v) {
    return 0.3 + 0.2 * u - 0.1 * v + 0.05 * u * v - 0.02 * v * v;
  };
  for (int i = 0; i < 2000; ++i) {
    const double u = 4.0 * stream.uniform(), v = stream.normal();
    sample.values.insert(sample.values.end(), {u, 2.0, v});
    sample.response.push_back(truth(u, v));
    sample.unit.push_back(i);
  }

  const Predictor predictor = fit_predictor(sample);

  ASSERT_EQ(predictor.polynomial.variables, (std::vector<std::string>{"u", "v"}));
  EXPECT_GT(predictor.cross_validated_r_squared, 1.0 - tolerance);
  // Rows left out of their fold's fit are predicted as well.
  ASSERT_EQ(predictor.left_out.size(), sample.rows());
  for (std::size_t i = 0; i < sample.rows(); ++i) {
    ASSERT_NEAR(predictor.left_out[i], sample.response[i], 1e-3) << i;
  }
  for (const auto& [u, v] : {std::pair{1.0, -1.0}, {3.5, 0.5}}) {
    EXPECT_NEAR(predictor.polynomial(std::array{u, v}), truth(u, v), tolerance);
  }
}

TEST(Predictor, CrossValidationSeesThroughNoise) {
  // Nothing to learn: R^2 of rows left out is about -terms/rows = -0.09, that of the
  // fitted rows +0.09.
  Sample sample;
  sample.variables = {"u", "v"};
  RandomStream stream(14, 1, StreamTag::self_test);
  for (int i = 0; i < 110; ++i) {
    sample.values.insert(sample.values.end(), {stream.normal(), stream.normal()});
    sample.response.push_back(stream.normal());
    sample.unit.push_back(i);
  }

  const Predictor predictor = fit_predictor(sample);

  EXPECT_LT(predictor.cross_validated_r_squared, 0.05);
  EXPECT_GT(predictor.r_squared, predictor.cross_validated_r_squared);
}

TEST(Predictor, IsEmptyForTooFewRows) {
  Sample sample = ishigami_sample(49, 3);

  EXPECT_EQ(fit_predictor(sample).rows, 0u);
}

}  // namespace
}  // namespace lensmill::analysis
