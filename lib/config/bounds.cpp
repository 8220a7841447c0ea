#include "lib/config/bounds.hpp"

#include <fmt/format.h>

#include <cmath>

namespace lensmill::config {

bool Bounds::contains(double value) const {
  const bool above = lower_open ? value > lower : value >= lower;
  const bool below = upper_open ? value < upper : value <= upper;
  return above && below;
}

std::string Bounds::text() const {
  const bool has_lower = std::isfinite(lower);
  const bool has_upper = std::isfinite(upper);
  if (has_lower && has_upper) {
    return fmt::format("in {}{}, {}{}", lower_open ? '(' : '[', lower, upper,
                       upper_open ? ')' : ']');
  }
  if (has_lower) return fmt::format("{} {}", lower_open ? ">" : ">=", lower);
  if (has_upper) return fmt::format("{} {}", upper_open ? "<" : "<=", upper);
  return "any";
}

std::string Bounds::range() const {
  const bool unbounded = !std::isfinite(lower) && !std::isfinite(upper);
  return unbounded ? "" : text();
}

}  // namespace lensmill::config
