#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// \file
/// Sums of doubles that do not depend on the order of their terms: fixed-point numbers
/// of four 30-bit limbs in 64-bit integers, so that ranks are combined by integer
/// addition and any grouping of rows gives the same bits.

namespace lensmill::analysis {

inline constexpr std::size_t exact_sum_limbs = 4;
using ExactSum = std::span<std::int64_t, exact_sum_limbs>;
using ConstExactSum = std::span<const std::int64_t, exact_sum_limbs>;

/// Largest |value| that add_exactly takes.
inline constexpr double largest_exact_term = 0x1p60;

/// Add a finite value, |value| <= largest_exact_term, cut to a multiple of 2^-60; up
/// to 2^32 values.
void add_exactly(ExactSum sum, double value);
/// The sum as a double.
double value_of_exact(ConstExactSum sum);

}  // namespace lensmill::analysis
