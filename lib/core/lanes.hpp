#pragma once

#include <cstddef>
#include <span>

/// \file
/// Sums and maxima in interleaved lanes, element k into lane k mod 8: an order of its
/// own, the same on every machine, that compilers turn into vectors (a plain running
/// sum they must not).

namespace lensmill {

/// Sum of all values.
double lane_sum(std::span<const double> values);
double lane_sum(std::span<const float> values);

/// Sum of products; spans of equal length.
double lane_dot(std::span<const double> a, std::span<const double> b);
double lane_dot(std::span<const float> a, std::span<const double> b);

/// Sum of values^2 / divisors where the divisor is positive and finite; NaN if it
/// nowhere is. Spans of equal length.
double lane_squares_over(std::span<const float> values,
                         std::span<const float> divisors);

/// Largest of the values and zero; NaN are passed over.
double lane_max(std::span<const double> values);

/// Largest |value|, 0 for none; NaN are passed over.
double lane_max_of_sizes(std::span<const double> values);

/// values *= factor, the products taken in double.
void scale_values(std::span<float> values, double factor);

/// sum[k] += values[k]; spans of equal length.
void add_values(std::span<double> sum, std::span<const double> values);

}  // namespace lensmill
