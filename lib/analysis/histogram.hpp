#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

/// Counts of equal bins from 0 in an array of integers that somebody else owns (so that
/// ranks sum many of them at once), with one bin more for everything beyond the last.
struct Histogram {
  double bins_per_unit;
  std::size_t bins;

  constexpr std::size_t size() const { return bins + 1; }
  double upper() const { return static_cast<double>(bins) / bins_per_unit; }

  /// Contract: value >= 0
  void add(std::span<std::int64_t> counts, double value) const {
    EXPECT(value >= 0.0 && counts.size() == size());
    ++counts[static_cast<std::size_t>(
        std::min(value * bins_per_unit, static_cast<double>(bins)))];
  }
  /// The value below which a share p of the counts lies, linear inside a bin; NaN of no
  /// counts, +infinity in the last bin.
  double quantile(std::span<const std::int64_t> counts, double p) const {
    const auto total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    if (total == 0) return std::numeric_limits<double>::quiet_NaN();
    const double wanted = p * static_cast<double>(total);
    std::int64_t below = 0;
    for (std::size_t i = 0; i < bins; ++i) {
      const std::int64_t here = counts[i];
      if (here > 0 && static_cast<double>(below + here) >= wanted) {
        const double part =
            (wanted - static_cast<double>(below)) / static_cast<double>(here);
        return (static_cast<double>(i) + part) / bins_per_unit;
      }
      below += here;
    }
    return std::numeric_limits<double>::infinity();
  }
};

/// Of distances from the lens in pixels, and of the source's offset over theta_E.
inline constexpr Histogram radius_histogram{.bins_per_unit = 200.0, .bins = 25600};
inline constexpr Histogram offset_histogram{.bins_per_unit = 2000.0, .bins = 10000};

}  // namespace lensmill::analysis
