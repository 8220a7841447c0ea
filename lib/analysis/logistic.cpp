#include "lib/analysis/logistic.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

constexpr int most_iterations = 100;
constexpr int most_halvings = 30;
// Of the Newton decrement, the fall of the objective that is left (in units of it):
// scores are then exact to about its root, far below any statistical error.
constexpr double decrement_tolerance = 1.0e-12;
// Samples whose weighted copy is in memory at a time.
constexpr Eigen::Index block_samples = 512;
// Deviations below this part of a feature's mean are rounding.
constexpr double constant_feature = 1.0e-6;

/// log(1 + exp(t)) without overflow.
double softplus(double t) {
  return t > 0.0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t));
}

double sign_of(char positive) { return positive != 0 ? 1.0 : -1.0; }

/// Gradient and Hessian for weight and intercept, which is last.
struct Derivatives {
  Eigen::VectorXd gradient;
  Eigen::MatrixXd hessian;  ///< lower triangle
};

double objective(const Eigen::VectorXd& scores, std::span<const char> positive,
                 const Eigen::VectorXd& weight, double l2) {
  double sum = 0.0;
  for (Eigen::Index i = 0; i < scores.size(); ++i) {
    sum += softplus(-sign_of(positive[static_cast<std::size_t>(i)]) * scores[i]);
  }
  return sum + 0.5 * l2 * weight.squaredNorm();
}

Derivatives derivatives(const Eigen::MatrixXd& x, const Eigen::VectorXd& scores,
                        std::span<const char> positive, const Eigen::VectorXd& weight,
                        double l2) {
  const Eigen::Index n = x.rows();
  const Eigen::Index d = x.cols();
  Eigen::VectorXd residual(n);
  Eigen::VectorXd curvature(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double p = 1.0 / (1.0 + std::exp(-scores[i]));
    residual[i] = p - (positive[static_cast<std::size_t>(i)] != 0 ? 1.0 : 0.0);
    curvature[i] = p * (1.0 - p);
  }
  Derivatives out{.gradient = Eigen::VectorXd(d + 1),
                  .hessian = Eigen::MatrixXd::Zero(d + 1, d + 1)};
  out.gradient.head(d) = x.transpose() * residual + l2 * weight;
  out.gradient[d] = residual.sum();
  Eigen::MatrixXd block;
  for (Eigen::Index first = 0; first < n; first += block_samples) {
    const Eigen::Index count = std::min(block_samples, n - first);
    block = curvature.segment(first, count).cwiseSqrt().asDiagonal() *
            x.middleRows(first, count);
    out.hessian.topLeftCorner(d, d).selfadjointView<Eigen::Lower>().rankUpdate(
        block.transpose());
  }
  out.hessian.topLeftCorner(d, d).diagonal().array() += l2;
  out.hessian.bottomLeftCorner(1, d) = curvature.transpose() * x;
  out.hessian(d, d) = curvature.sum();
  return out;
}

}  // namespace

LogisticModel fit_logistic(const Eigen::MatrixXd& x, std::span<const char> positive,
                           double l2, const LogisticModel* start) {
  EXPECT(l2 > 0.0);
  EXPECT(static_cast<std::size_t>(x.rows()) == positive.size());
  EXPECT(start == nullptr || start->weight.size() == x.cols());
  const Eigen::Index d = x.cols();
  LogisticModel model;
  model.weight = start != nullptr ? start->weight : Eigen::VectorXd::Zero(d);
  model.intercept = start != nullptr ? start->intercept : 0.0;
  Eigen::VectorXd scores = model.scores(x);
  double value = objective(scores, positive, model.weight, l2);
  while (!model.converged && model.iterations < most_iterations) {
    const auto at = derivatives(x, scores, positive, model.weight, l2);
    const Eigen::VectorXd step =
        at.hessian.selfadjointView<Eigen::Lower>().ldlt().solve(at.gradient);
    const double decrement = step.dot(at.gradient);
    ++model.iterations;
    if (!(decrement > decrement_tolerance * (1.0 + value))) {
      model.converged = std::isfinite(decrement);
      break;
    }
    bool improved = false;
    double length = 1.0;
    for (int halving = 0; halving < most_halvings && !improved; ++halving) {
      LogisticModel next = model;
      next.weight -= length * step.head(d);
      next.intercept -= length * step[d];
      const Eigen::VectorXd next_scores = next.scores(x);
      const double next_value = objective(next_scores, positive, next.weight, l2);
      // Armijo's condition.
      improved = next_value <= value - 1.0e-4 * length * decrement;
      if (improved) {
        model = next;
        scores = next_scores;
        value = next_value;
      }
      length *= 0.5;
    }
    // No step helps: as low as rounding lets it be.
    if (!improved) model.converged = true;
  }
  return model;
}

double log_loss(const Eigen::VectorXd& scores, std::span<const char> positive) {
  EXPECT(static_cast<std::size_t>(scores.size()) == positive.size());
  if (positive.empty()) return std::numeric_limits<double>::quiet_NaN();
  const Eigen::VectorXd none(0);
  return objective(scores, positive, none, 0.0) / static_cast<double>(positive.size());
}

Standardisation::Standardisation(const Eigen::MatrixXd& x)
    : mean_(x.colwise().mean()), inverse_deviation_(x.cols()) {
  for (Eigen::Index k = 0; k < x.cols(); ++k) {
    const double deviation = std::sqrt((x.col(k).array() - mean_[k]).square().mean());
    const bool varies = deviation > constant_feature * std::abs(mean_[k]);
    inverse_deviation_[k] = varies ? 1.0 / deviation : 0.0;
  }
}

void Standardisation::apply(Eigen::MatrixXd& x) const {
  EXPECT(x.cols() == mean_.size());
  for (Eigen::Index k = 0; k < x.cols(); ++k) {
    x.col(k) = (x.col(k).array() - mean_[k]) * inverse_deviation_[k];
  }
}

}  // namespace lensmill::analysis
