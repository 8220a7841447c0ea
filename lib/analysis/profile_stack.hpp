#pragma once

#include <cstdint>
#include <span>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/leakage_sums.hpp"

namespace lensmill::analysis {

/// Mean radial profiles of arc, counter-image and outer image by bin of theta_E, each
/// stamp's divided by its arc's flux.
class ProfileStack {
 public:
  ProfileStack(Bins theta_e, std::size_t radial_bins);

  void add(const StampRow& row);
  std::size_t radial_bins() const { return radial_bins_; }
  /// The mean with its error for independent rows, of the arc's flux per pixel.
  /// `which`: 0 arc, 1 counter-image, 2 outer image; `cell` as in LeakageSums.
  Mean point(std::size_t cell, std::size_t which, std::size_t radius) const;
  /// For ranks: element-wise sum.
  std::span<std::int64_t> state() { return sums_.state(); }

 private:
  std::size_t place(std::size_t which, std::size_t radius) const;

  Bins bins_;
  std::size_t radial_bins_;
  GroupedSums sums_;
};

}  // namespace lensmill::analysis
