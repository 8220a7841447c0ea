#include "lib/core/b_spline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace lensmill {
namespace {

/// Coefficients are cut spline_padding samples past the edge, 0.43^16 of it.
constexpr double cut_tolerance = 2.0e-6;

Image<double> rough(int ny, int nx) {
  Image<double> image(ny, nx);
  int k = 0;
  for (double& value : image.pixels()) {
    ++k;
    value = std::sin(1.7 * k * k);
  }
  return image;
}

TEST(BSpline, PassesThroughTheSamplesAndZeroOutside) {
  const auto samples = rough(5, 8);
  const auto result = evaluate_spline(
      spline_coefficients(samples),
      {.ny = 9, .nx = 12, .first_y = -2.0, .first_x = -2.0, .step = 1.0, .box = 0.0});

  for (int j = 0; j < 9; ++j) {
    for (int i = 0; i < 12; ++i) {
      const bool inside = j >= 2 && j < 7 && i >= 2 && i < 10;
      EXPECT_NEAR(result(j, i), inside ? samples(j - 2, i - 2) : 0.0, cut_tolerance);
    }
  }
}

TEST(BSpline, ErrorFallsWithTheSixthPowerOfTheStep) {
  // A smooth bump, zero far outside, at half-way points.
  const auto worst = [](double h) {
    const int half = static_cast<int>(std::lround(8.0 / h));
    Image<double> samples(1 + 2 * half, 1 + 2 * half);
    const auto bump = [](double y, double x) {
      return std::exp(-0.5 * (x * x + y * y));
    };
    for (int j = -half; j <= half; ++j) {
      for (int i = -half; i <= half; ++i) {
        samples(j + half, i + half) = bump(h * j, h * i);
      }
    }
    const auto result =
        evaluate_spline(spline_coefficients(samples), {.ny = 7,
                                                       .nx = 7,
                                                       .first_y = half - 3.5,
                                                       .first_x = half - 3.5,
                                                       .step = 1.0,
                                                       .box = 0.0});
    double error = 0.0;
    for (int j = 0; j < 7; ++j) {
      for (int i = 0; i < 7; ++i) {
        error = std::max(error,
                         std::abs(result(j, i) - bump(h * (j - 3.5), h * (i - 3.5))));
      }
    }
    return error;
  };

  const double order = std::log2(worst(0.25) / worst(0.125));

  EXPECT_NEAR(order, 6.0, 0.35);  // the leading term alone would give 6
}

TEST(BSpline, BoxMeanIsTheIntegralOfThePoints) {
  const auto coefficients = spline_coefficients(rough(6, 6));
  const SplineGrid point{
      .ny = 1, .nx = 1, .first_y = 2.3, .first_x = 2.9, .step = 1.0, .box = 0.0};
  SplineGrid box = point;
  box.box = 3.0;
  const double mean = evaluate_spline(coefficients, box)(0, 0);
  // Midpoint rule with n x n points: error falls as 1 / n^2, here to 1e-5.
  constexpr int n = 300;
  const auto fine = evaluate_spline(coefficients, {.ny = n,
                                                   .nx = n,
                                                   .first_y = 2.3 - 1.5 + 1.5 / n,
                                                   .first_x = 2.9 - 1.5 + 1.5 / n,
                                                   .step = 3.0 / n,
                                                   .box = 0.0});
  double sum = 0.0;
  for (double value : fine.pixels()) sum += value;

  EXPECT_NEAR(mean, sum / (n * n), 1.0e-4);
}

TEST(BSpline, ShiftKeepsSumAndMovesTheCentroidExactly) {
  const auto samples = rough(5, 5);
  const auto shifted =
      evaluate_spline(spline_coefficients(samples), {.ny = 41,
                                                     .nx = 41,
                                                     .first_y = -18.0 + 0.3,
                                                     .first_x = -18.0 - 0.45,
                                                     .step = 1.0,
                                                     .box = 0.0});
  double sum = 0.0;
  double sum_x = 0.0;
  double moved = 0.0;
  double moved_x = 0.0;
  for (int j = 0; j < 5; ++j) {
    for (int i = 0; i < 5; ++i) {
      sum += samples(j, i);
      sum_x += samples(j, i) * i;
    }
  }
  for (int j = 0; j < 41; ++j) {
    for (int i = 0; i < 41; ++i) {
      moved += shifted(j, i);
      moved_x += shifted(j, i) * (i - 18);
    }
  }

  EXPECT_NEAR(moved, sum, 1.0e-5);  // the coefficients' cut tails, 25 samples of them
  EXPECT_NEAR(moved_x, sum_x + 0.45 * sum, 1.0e-4);  // times their distance
}

TEST(BSpline, CubicPassesThroughTheSamplesAndErrsByTheFourthPower) {
  const auto samples = rough(5, 8);
  const auto at_samples = evaluate_spline(
      spline_coefficients(samples, SplineDegree::cubic),
      {.ny = 5, .nx = 8, .first_y = 0.0, .first_x = 0.0, .step = 1.0, .box = 0.0},
      SplineDegree::cubic);
  const auto error = [](double h) {  // of a bump, half-way between samples
    const int half = static_cast<int>(std::lround(8.0 / h));
    Image<double> bump(1, 1 + 2 * half);
    for (int i = -half; i <= half; ++i) {
      bump(0, i + half) = std::exp(-0.5 * h * h * i * i);
    }
    const auto value = evaluate_spline(
        spline_coefficients(bump, SplineDegree::cubic),
        {.ny = 1, .nx = 1, .first_y = 0.0, .first_x = half + 0.5}, SplineDegree::cubic);
    return std::abs(value(0, 0) - std::exp(-0.125 * h * h));
  };

  const double order = std::log2(error(0.25) / error(0.125));

  for (std::size_t k = 0; k < samples.size(); ++k) {
    EXPECT_NEAR(at_samples.pixels()[k], samples.pixels()[k], cut_tolerance);
  }
  EXPECT_NEAR(order, 4.0, 0.2);  // the leading term alone would give 4
}

TEST(BSpline, RuleOfNodesIsTheSumOverItsPoints) {
  const auto coefficients = spline_coefficients(rough(6, 6));
  const std::array<SplineNode, 2> nodes{{{-0.7, 0.25}, {0.4, 0.75}}};
  const SplineGrid at{.ny = 1, .nx = 1, .first_y = 2.3, .first_x = 2.9};
  double expected = 0.0;
  for (const auto& y : nodes) {
    for (const auto& x : nodes) {
      SplineGrid point = at;
      point.first_y += y.offset;
      point.first_x += x.offset;
      expected += y.weight * x.weight * evaluate_spline(coefficients, point)(0, 0);
    }
  }
  SplineGrid rule = at;
  rule.nodes = nodes;

  constexpr double rounding = 1.0e-13;
  EXPECT_NEAR(evaluate_spline(coefficients, rule)(0, 0), expected, rounding);
}

TEST(BSpline, WeightsOfOnePointAreThoseOfTheGrid) {
  for (const double t : {0.0, 0.3, 0.999}) {
    Image<double> impulse(1, 13);
    const auto value_at = [&](int k, SplineDegree degree) {
      const int padding = spline_padding_of(degree);
      impulse.assign(1 + 2 * padding, 13 + 2 * padding);
      impulse(padding, k + padding) = 1.0;  // one coefficient
      const double centre = degree == SplineDegree::cubic     ? 2.0 / 3.0
                            : degree == SplineDegree::quintic ? 66.0 / 120.0
                                                              : moms_weights(0.0)[2];
      return evaluate_spline(impulse,
                             {.ny = 1, .nx = 1, .first_y = 0.0, .first_x = 5.0 + t},
                             degree)(0, 0) /
             centre;
    };
    constexpr double rounding = 1.0e-14;
    for (std::size_t k = 0; k < 6; ++k) {
      EXPECT_NEAR(quintic_spline_weights(t)[k],
                  value_at(static_cast<int>(k) + 3, SplineDegree::quintic), rounding);
      EXPECT_NEAR(moms_weights(t)[k],
                  value_at(static_cast<int>(k) + 3, SplineDegree::moms), rounding);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      EXPECT_NEAR(cubic_spline_weights(t)[k],
                  value_at(static_cast<int>(k) + 4, SplineDegree::cubic), rounding);
    }
  }
}

TEST(BSpline, MomsInterpolatesAndReproducesQuintics) {
  // Coefficients are kept until they are 1e-6 of the edge's sample.
  constexpr double tails = 1.0e-5;
  const auto samples = rough(9, 8);
  const auto coefficients = spline_coefficients(samples, SplineDegree::moms);
  const auto again =
      evaluate_spline(coefficients, {.ny = 9, .nx = 8}, SplineDegree::moms);
  for (std::size_t k = 0; k < samples.size(); ++k) {
    EXPECT_NEAR(again.pixels()[k], samples.pixels()[k], tails);
  }
  // Order six: moments of the weights up to the fifth do not depend on the place.
  constexpr double rounding = 1.0e-12;
  const auto moment = [](double t, int n) {
    const auto weights = moms_weights(t);
    double sum = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      sum += weights[k] * std::pow(static_cast<double>(k) - 2.0 - t, n);
    }
    return sum;
  };
  for (int n = 0; n <= 5; ++n) {
    for (const double t : {0.21, 0.5, 0.83, 1.0}) {
      EXPECT_NEAR(moment(t, n), moment(0.0, n), rounding) << n << " " << t;
    }
  }
  EXPECT_NEAR(moment(0.3, 0), 1.0, rounding);
}

}  // namespace
}  // namespace lensmill
