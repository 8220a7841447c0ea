#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

/// \file
/// Order statistics. Values are reordered; NaN must not be among them; of none: NaN.

namespace lensmill {

/// Standard deviation of a normal distribution over its median absolute deviation.
inline constexpr double sigma_per_mad = 1.482602218505602;

/// Of an even number of values the upper of the two in the middle: for many values, of
/// which one is as good as their mean.
template <class T>
T upper_median(std::span<T> values) {
  if (values.empty()) return std::numeric_limits<T>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Of an even number of values the mean of the two in the middle: for few values.
template <class T>
T median(std::span<T> values) {
  const T upper = upper_median(values);
  if (values.size() % 2 == 1 || values.empty()) return upper;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  return T{0.5} * (upper + *std::max_element(values.begin(), middle));
}

}  // namespace lensmill
