#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/analysis/leakage_sums.hpp"

namespace lensmill::analysis {

/// How often the counter-image stands out of host light and noise: rows that have one
/// (a saddle image and its SNR), and those above 3 and 5, by theta_E, host magnitude
/// and seeing.
class VisibilityCounts {
 public:
  enum Axis : std::size_t { by_theta_e, by_host_mag, by_seeing, axes };
  struct Count {
    std::int64_t rows = 0, above_3 = 0, above_5 = 0;
  };

  VisibilityCounts(Bins theta_e_arcsec, Bins host_mag, Bins seeing_arcsec);

  void add(const StampRow& row);
  const Bins& bins(Axis axis) const { return bins_[axis]; }
  /// Bin bins(axis).count() contains the rows outside (or of unknown value).
  Count count(Axis axis, std::size_t bin) const;
  Count total() const;
  /// For ranks: element-wise sum.
  std::span<std::int64_t> state() { return state_; }

 private:
  std::size_t place(Axis axis, std::size_t bin) const { return first_[axis] + 3 * bin; }

  std::vector<Bins> bins_;
  std::vector<std::size_t> first_;
  std::vector<std::int64_t> state_;
};

}  // namespace lensmill::analysis
