#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace lensmill::analysis {

/// Share of the intervals that hold the truth, and with it the probability from which
/// the project calls a statement supported.
inline constexpr double confidence = 0.90;
/// The normal distribution's quantile at (1 + confidence) / 2.
inline constexpr double confidence_quantile = 1.6448536269514722;

/// A number with its uncertainty; NaN where undefined.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  double lower = std::numeric_limits<double>::quiet_NaN();  ///< of the 90 % interval
  double upper = std::numeric_limits<double>::quiet_NaN();

  bool contains(double truth) const { return lower <= truth && truth <= upper; }
};

/// A mean of independent values with its standard error, from their scatter.
struct Mean {
  std::int64_t n = 0;
  double value = std::numeric_limits<double>::quiet_NaN();  ///< of no values: NaN
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< from two on
};

/// Mean of the finite values.
Mean mean_of(std::span<const double> values);

/// The same of n values from their sum and the sum of their squares.
Mean mean_of_sums(double n, double sum, double square);

/// A share of counts with its Wilson score interval (Wilson 1927, JASA 22, 209; Brown,
/// Cai & DasGupta 2001, Stat. Sci. 16, 101) at `confidence`, for independent rows.
/// Standard error: the plain binomial one. All NaN for of = 0.
Estimate wilson(std::int64_t part, std::int64_t of);

}  // namespace lensmill::analysis
