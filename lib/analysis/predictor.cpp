#include "lib/analysis/predictor.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "lib/core/contracts.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

constexpr std::size_t least_rows = 50;
constexpr std::size_t rows_per_term = 10;
constexpr std::uint64_t fold_seed = 2;
// A spread below this share of the size is rounding.
constexpr double rounding = 1.0e-10;

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

std::vector<std::vector<int>> exponents_up_to(std::size_t variables, int degree) {
  std::vector<std::vector<int>> all;
  std::vector<int> current(variables, 0);
  const std::function<void(std::size_t, int)> extend = [&](std::size_t j, int left) {
    if (j == variables) {
      all.push_back(current);
      return;
    }
    for (int e = 0; e <= left; ++e) {
      current[j] = e;
      extend(j + 1, left - e);
    }
    current[j] = 0;
  };
  extend(0, degree);
  const auto total = [](const std::vector<int>& e) {
    int sum = 0;
    for (const int v : e) sum += v;
    return sum;
  };
  std::ranges::stable_sort(all, {}, total);
  return all;
}

/// All terms of a row, standardised variables given.
void terms_of(std::span<const double> z, const std::vector<std::vector<int>>& exponents,
              std::span<double> out) {
  for (std::size_t k = 0; k < exponents.size(); ++k) {
    double term = 1.0;
    for (std::size_t j = 0; j < z.size(); ++j) {
      for (int e = 0; e < exponents[k][j]; ++e) term *= z[j];
    }
    out[k] = term;
  }
}

/// Sums of products of terms (and response) over rows.
struct Normal {
  Matrix xx;
  Vector xy;
  double yy = 0.0, y = 0.0, n = 0.0;

  explicit Normal(Eigen::Index terms)
      : xx(Matrix::Zero(terms, terms)), xy(Vector::Zero(terms)) {}
  void add(const Eigen::Ref<const Vector>& x, double value) {
    xx.noalias() += x * x.transpose();
    xy += value * x;
    yy += value * value;
    y += value;
    n += 1.0;
  }
  void add(const Normal& other, double sign) {
    xx += sign * other.xx;
    xy += sign * other.xy;
    yy += sign * other.yy;
    y += sign * other.y;
    n += sign * other.n;
  }
  double scatter() const { return yy - y * y / n; }
  Vector solve(double penalty) const {
    Matrix a = xx;
    // Penalised in units of each term's own mean square; the constant is free.
    for (Eigen::Index k = 1; k < a.rows(); ++k) a(k, k) += penalty * a(k, k);
    return a.ldlt().solve(xy);
  }
  double squared_error(const Vector& c) const {
    return yy - 2.0 * c.dot(xy) + c.dot(xx * c);
  }
};

}  // namespace

double Polynomial::operator()(std::span<const double> x) const {
  EXPECT(x.size() == variables.size());
  double value = 0.0;
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    double term = coefficients[k];
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double z = (x[j] - mean[j]) / standard_deviation[j];
      for (int e = 0; e < exponents[k][j]; ++e) term *= z;
    }
    value += term;
  }
  return value;
}

Predictor fit_predictor(const Sample& sample, const PredictorConfig& config) {
  Predictor out;
  Polynomial& polynomial = out.polynomial;
  const std::size_t rows = sample.rows();
  if (rows < least_rows) return out;
  std::vector<std::size_t> used;
  for (std::size_t j = 0; j < sample.variables.size(); ++j) {
    double sum = 0.0, square = 0.0;
    for (std::size_t i = 0; i < rows; ++i) sum += sample.row(i)[j];
    const double mean = sum / static_cast<double>(rows);
    for (std::size_t i = 0; i < rows; ++i)
      square += std::pow(sample.row(i)[j] - mean, 2);
    const double sd = std::sqrt(square / static_cast<double>(rows));
    if (!(sd > rounding * std::max(1.0, std::abs(mean)))) continue;
    used.push_back(j);
    polynomial.variables.push_back(sample.variables[j]);
    polynomial.mean.push_back(mean);
    polynomial.standard_deviation.push_back(sd);
  }
  if (used.empty()) return {};
  out.degree = config.degree;
  polynomial.exponents = exponents_up_to(used.size(), out.degree);
  while (out.degree > 1 && polynomial.exponents.size() * rows_per_term > rows) {
    polynomial.exponents = exponents_up_to(used.size(), --out.degree);
  }
  const auto terms = static_cast<Eigen::Index>(polynomial.exponents.size());

  std::vector<Normal> fold(config.folds, Normal(terms));
  Vector x(terms);
  std::vector<double> z(used.size());
  std::vector<std::size_t> fold_of;
  const auto set_terms = [&](std::size_t i) {
    for (std::size_t j = 0; j < used.size(); ++j) {
      z[j] = (sample.row(i)[used[j]] - polynomial.mean[j]) /
             polynomial.standard_deviation[j];
    }
    terms_of(z, polynomial.exponents, {x.data(), static_cast<std::size_t>(terms)});
  };
  for (std::size_t i = 0; i < rows; ++i) {
    set_terms(i);
    RandomStream stream(fold_seed, sample.unit[i], StreamTag::analysis_group);
    fold_of.push_back(stream.below(config.folds));
    fold[fold_of.back()].add(x, sample.response[i]);
  }
  Normal total(terms);
  for (const auto& part : fold) total.add(part, 1.0);
  if (!(total.scatter() > rounding * total.yy)) return {};

  double best = std::numeric_limits<double>::infinity();
  std::vector<Vector> without;  // coefficients by the fold that is left out
  for (const double penalty : config.penalties) {
    double error = 0.0;
    std::vector<Vector> coefficients;
    for (const auto& part : fold) {
      Normal training = total;
      training.add(part, -1.0);
      coefficients.push_back(training.solve(penalty));
      if (part.n > 0.0) error += part.squared_error(coefficients.back());
    }
    if (error < best) {
      best = error;
      out.penalty = penalty;
      without = std::move(coefficients);
    }
  }
  EXPECT(!without.empty());
  for (std::size_t i = 0; i < rows; ++i) {
    set_terms(i);
    out.left_out.push_back(x.dot(without[fold_of[i]]));
  }
  const Vector c = total.solve(out.penalty);
  polynomial.coefficients.assign(c.data(), c.data() + c.size());
  out.rows = rows;
  out.folds = config.folds;
  out.r_squared = 1.0 - total.squared_error(c) / total.scatter();
  out.cross_validated_r_squared = 1.0 - best / total.scatter();
  out.cross_validated_rmse = std::sqrt(best / total.n);
  return out;
}

}  // namespace lensmill::analysis
