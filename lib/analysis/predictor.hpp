#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lensmill::analysis {

/// Rows of a design: values [row, variable], a response and the unit of each row.
struct Sample {
  std::vector<std::string> variables;
  std::vector<double> values;    ///< [row, variable]
  std::vector<double> response;  ///< [row]
  std::vector<std::int64_t> unit;

  std::size_t rows() const { return response.size(); }
  std::span<const double> row(std::size_t index) const {
    return std::span(values).subspan(index * variables.size(), variables.size());
  }
};

/// A polynomial in standardised variables,
///   y = sum_k coefficient_k prod_j ((x_j - mean_j) / sd_j)^exponent_kj,
/// fitted by ridge regression (Hoerl & Kennard 1970, Technometrics 12, 55) of the
/// standardised terms with the constant left free.
struct Polynomial {
  std::vector<std::string> variables;
  std::vector<double> mean, standard_deviation;  ///< of the variables
  std::vector<std::vector<int>> exponents;       ///< [term][variable]
  std::vector<double> coefficients;              ///< [term]

  double operator()(std::span<const double> x) const;
};

struct PredictorConfig {
  int degree = 3;  ///< total degree, lowered until the rows are ten times the terms
  std::size_t folds = 10;  ///< of the cross-validation; whole units stay together
  /// Penalties tried, as shares of the rows; the best by cross-validation is taken.
  std::vector<double> penalties{1e-8, 1e-6, 1e-4, 1e-2};
};

struct Predictor {
  Polynomial polynomial;
  std::size_t rows = 0;
  std::size_t folds = 0;
  int degree = 0;
  double penalty = 0.0;
  double r_squared = 0.0;  ///< on the rows it was fitted to
  /// 1 - (squared error of rows left out) / (squared scatter about the mean).
  double cross_validated_r_squared = 0.0;
  double cross_validated_rmse = 0.0;
  /// What is predicted for each row with its fold left out.
  std::vector<double> left_out;
};

/// Fit a predictor. Variables that do not vary are left out. An empty polynomial
/// (rows 0) if there are fewer than 50 rows, no variable or no scatter of the response.
Predictor fit_predictor(const Sample& sample, const PredictorConfig& config = {});

}  // namespace lensmill::analysis
