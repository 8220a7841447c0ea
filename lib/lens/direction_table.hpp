#pragma once

#include <cstddef>
#include <vector>

#include "lib/lens/lens_model.hpp"

namespace lensmill::lens::detail {

/// Directions at `count` equally spaced eccentric angles 2 pi k / count: enough of them
/// to resolve everything that depends on direction. Computed in one quadrant and
/// mirrored.
class DirectionTable {
 public:
  /// `refinement` multiplies the number of angles.
  explicit DirectionTable(const LensModel& lens, int refinement = 1) {
    set(lens, refinement);
  }
  DirectionTable() = default;
  /// Become the table of this lens, in the memory that this one has.
  void set(const LensModel& lens, int refinement = 1);

  std::size_t size() const { return directions_.size(); }
  /// Angle k, for any integer k (2 pi k / size, not reduced).
  double angle(std::ptrdiff_t k) const;
  const Direction& operator[](std::size_t k) const { return directions_[k]; }
  /// Entry k modulo the size.
  const Direction& wrapped(std::ptrdiff_t k) const;

 private:
  std::vector<Direction> directions_;
};

}  // namespace lensmill::lens::detail
