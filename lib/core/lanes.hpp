#pragma once

#include <array>
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

/// Sums of a^2 / divisors and of b^2 / divisors where the divisor is positive and
/// finite; NaN if it nowhere is. Spans of equal length.
std::array<double, 2> lane_squares_over(std::span<const float> a,
                                        std::span<const float> b,
                                        std::span<const float> divisors);

/// Largest of the values and zero; NaN are passed over.
double lane_max(std::span<const double> values);

/// Largest |value|, 0 for none; NaN are passed over.
double lane_max_of_sizes(std::span<const double> values);

/// values *= factor, the products taken in double.
void scale_values(std::span<float> values, double factor);

/// sum[k] = a[k] + b[k]; spans of equal length, `sum` may be one of the others.
void add_values(std::span<const double> a, std::span<const double> b,
                std::span<double> sum);

}  // namespace lensmill
