#include "lib/analysis/logistic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

// The fit ends where the objective can fall by 1e-12 of itself: weights are then exact
// to about the root of that.
constexpr double weight_tolerance = 2.0e-6;

double logit(double p) { return std::log(p / (1.0 - p)); }

struct Data {
  Eigen::MatrixXd x;
  std::vector<char> positive;
};

/// Normal features; the label depends on the first two.
Data noisy_data(int samples, int features) {
  RandomStream stream(11, 0, StreamTag::self_test);
  Data data{.x = Eigen::MatrixXd(samples, features), .positive = {}};
  for (int i = 0; i < samples; ++i) {
    for (int k = 0; k < features; ++k) data.x(i, k) = stream.normal();
    const double score = 0.3 + data.x(i, 0) - 2.0 * data.x(i, 1);
    data.positive.push_back(stream.uniform() < 1.0 / (1.0 + std::exp(-score)) ? 1 : 0);
  }
  return data;
}

TEST(FitLogistic, GivesTheLogOddsOfATwoByTwoTable) {
  // x = +1: 30 of 40 positive; x = -1: 12 of 60.
  Eigen::MatrixXd x(100, 1);
  std::vector<char> positive;
  for (int i = 0; i < 100; ++i) {
    x(i, 0) = i < 40 ? 1.0 : -1.0;
    positive.push_back(i < 30 || (i >= 40 && i < 52) ? 1 : 0);
  }
  constexpr double no_ridge = 1.0e-9;

  const auto model = fit_logistic(x, positive, no_ridge);

  EXPECT_TRUE(model.converged);
  EXPECT_NEAR(model.weight[0], 0.5 * (logit(0.75) - logit(0.2)), weight_tolerance);
  EXPECT_NEAR(model.intercept, 0.5 * (logit(0.75) + logit(0.2)), weight_tolerance);
}

TEST(FitLogistic, OfTwoSeparablePointsBalancesRidgeAndSlope) {
  Eigen::MatrixXd x(2, 1);
  x << 1.0, -1.0;
  const std::vector<char> positive{1, 0};
  for (const double l2 : {1.0e-3, 1.0, 100.0}) {
    // l2 w = 2 / (1 + e^w).
    double low = 0.0, high = 50.0;
    for (int k = 0; k < 200; ++k) {
      const double w = 0.5 * (low + high);
      (l2 * w < 2.0 / (1.0 + std::exp(w)) ? low : high) = w;
    }

    const auto model = fit_logistic(x, positive, l2);

    EXPECT_TRUE(model.converged) << l2;
    EXPECT_NEAR(model.weight[0], low, 1.0e-3 * weight_tolerance + 1.0e-5 * low) << l2;
    EXPECT_NEAR(model.intercept, 0.0, weight_tolerance) << l2;
  }
}

TEST(FitLogistic, EndsWhereTheGradientVanishes) {
  const auto data = noisy_data(400, 6);
  constexpr double l2 = 3.0;

  const auto model = fit_logistic(data.x, data.positive, l2);

  const Eigen::VectorXd scores = model.scores(data.x);
  Eigen::VectorXd gradient = l2 * model.weight;
  double slope = 0.0;
  for (int i = 0; i < 400; ++i) {
    const double residual =
        1.0 / (1.0 + std::exp(-scores[i])) -
        static_cast<double>(data.positive[static_cast<std::size_t>(i)]);
    gradient += residual * data.x.row(i).transpose();
    slope += residual;
  }
  // Against the sum of 400 terms of order one.
  EXPECT_LT(gradient.norm(), 400.0 * weight_tolerance);
  EXPECT_LT(std::abs(slope), 400.0 * weight_tolerance);
  EXPECT_GT(model.weight[0], 0.5);
  EXPECT_LT(model.weight[1], -1.0);
}

TEST(FitLogistic, DoesNotDependOnWhereItStarts) {
  const auto data = noisy_data(300, 5);
  const auto strong = fit_logistic(data.x, data.positive, 100.0);

  const auto cold = fit_logistic(data.x, data.positive, 1.0);
  const auto warm = fit_logistic(data.x, data.positive, 1.0, &strong);

  EXPECT_LT((cold.weight - warm.weight).norm(), weight_tolerance);
  EXPECT_LT(strong.weight.norm(), cold.weight.norm());
}

TEST(LogLoss, OfNoOpinionIsLnTwoAndOverflowsNowhere) {
  const std::vector<char> positive{1, 0};
  const Eigen::VectorXd none = Eigen::VectorXd::Zero(2);
  Eigen::VectorXd sure(2);
  sure << 1000.0, -1000.0;

  EXPECT_DOUBLE_EQ(log_loss(none, positive), std::numbers::ln2);
  EXPECT_EQ(log_loss(sure, positive), 0.0);
  EXPECT_DOUBLE_EQ(log_loss(-sure, positive), 1000.0);
}

TEST(Standardisation, GivesUnitVarianceAndDropsConstants) {
  Eigen::MatrixXd x = noisy_data(200, 3).x;
  x.col(0) = 5.0 + 3.0 * x.col(0).array();
  x.col(2).setConstant(0.1);  // no binary fraction: its mean is not exact
  const Standardisation standardisation(x);

  standardisation.apply(x);

  EXPECT_NEAR(x.col(0).mean(), 0.0, 1.0e-12);
  EXPECT_NEAR(x.col(0).squaredNorm() / 200.0, 1.0, 1.0e-12);
  EXPECT_EQ(x.col(2).cwiseAbs().maxCoeff(), 0.0);
}

}  // namespace
}  // namespace lensmill::analysis
