#pragma once

namespace lensmill {

/// A real interval given by a user, e.g. a truncation or an annulus.
struct Interval {
  double lower = 0.0;
  double upper = 0.0;
  bool contains(double value) const { return value >= lower && value <= upper; }
  bool operator==(const Interval&) const = default;
};

}  // namespace lensmill
