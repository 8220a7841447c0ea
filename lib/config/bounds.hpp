#pragma once

#include <limits>
#include <string>

namespace lensmill::config {

/// The allowed range of a number; either end may be open or absent.
struct Bounds {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  bool lower_open = false;
  bool upper_open = false;

  bool contains(double value) const;
  /// `> 0`, `in (0, 1]`, `any`, as in messages ("must be > 0") and in the docs.
  std::string text() const;
  /// The same, but nothing for any number.
  std::string range() const;
};

inline constexpr Bounds any_number{};
inline constexpr Bounds positive{.lower = 0.0, .lower_open = true};
inline constexpr Bounds non_negative{.lower = 0.0};
inline constexpr Bounds at_least(double lower) { return {.lower = lower}; }
inline constexpr Bounds closed(double lower, double upper) {
  return {.lower = lower, .upper = upper};
}
/// (lower, upper]
inline constexpr Bounds above_up_to(double lower, double upper) {
  return {.lower = lower, .upper = upper, .lower_open = true};
}
/// (lower, upper)
inline constexpr Bounds open(double lower, double upper) {
  return {.lower = lower, .upper = upper, .lower_open = true, .upper_open = true};
}

}  // namespace lensmill::config
