#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace lensmill::analysis {

/// A linear classifier: score = intercept + weight . x, the logit of the probability
/// that a stamp is positive.
struct LogisticModel {
  Eigen::VectorXd weight;
  double intercept = 0.0;
  int iterations = 0;
  bool converged = false;

  Eigen::VectorXd scores(const Eigen::MatrixXd& x) const {
    return (x * weight).array() + intercept;
  }
};

/// Minimise sum_i log(1 + exp(-s_i f(x_i))) + l2/2 |weight|^2, s_i = +-1, the intercept
/// free, by Newton's method with halved steps (iteratively reweighted least squares;
/// Hastie, Tibshirani & Friedman 2009, sec. 4.4.1, with the ridge term of sec. 4.4.4).
/// One thread and no randomness: the same input gives the same bits.
/// \param x [sample, feature], standardised; \param positive one flag per sample
/// \param l2 > 0, so that separable classes have a solution too
/// \param start where to begin, e.g. the fit of a greater l2; null: at zero
LogisticModel fit_logistic(const Eigen::MatrixXd& x, std::span<const char> positive,
                           double l2, const LogisticModel* start = nullptr);

/// Mean of log(1 + exp(-s_i score_i)), the log-loss; NaN of no scores.
double log_loss(const Eigen::VectorXd& scores, std::span<const char> positive);

/// Shift and scale of each feature: mean 0 and variance 1 over what it was made of.
/// Features that do not vary there become 0 everywhere.
class Standardisation {
 public:
  explicit Standardisation(const Eigen::MatrixXd& x);
  void apply(Eigen::MatrixXd& x) const;

 private:
  Eigen::RowVectorXd mean_;
  Eigen::RowVectorXd inverse_deviation_;
};

}  // namespace lensmill::analysis
