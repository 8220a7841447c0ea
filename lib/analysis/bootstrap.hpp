#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/grouped_sums.hpp"

namespace lensmill::analysis {

/// A statistic of the sums of one cell; NaN where it is undefined.
using Statistic = std::function<double(std::span<const double>)>;

/// The bootstrap by random groups (Efron 1979, Ann. Stat. 7, 1; cluster resampling as
/// in Davison & Hinkley 1997, sec. 3.8): each replicate draws as many groups as have
/// rows, with replacement, and adds their sums up. The same draws serve all cells and
/// statistics. Replicate r is drawn from the stream (seed, r) alone.
class Bootstrap {
 public:
  static constexpr std::size_t default_replicates = 2000;

  explicit Bootstrap(const GroupedSums& sums, std::uint64_t seed = 1,
                     std::size_t replicates = default_replicates);

  /// One more than the sums' cells: the last is the sum of all.
  std::size_t cells() const { return cells_; }
  std::size_t all() const { return cells_ - 1; }
  std::size_t replicates() const { return replicates_; }
  /// Groups that hold rows: the resampled units, or less when many units share one.
  std::size_t groups() const { return groups_; }
  /// Those of them in which a quantity of the cell is not 0: of a number of rows, how
  /// many groups its mean is made from.
  std::size_t groups_with(std::size_t cell, std::size_t quantity) const {
    return groups_with_[cell * quantities_ + quantity];
  }

  /// The data's own sums in a cell.
  std::span<const double> data(std::size_t cell) const { return sums(0, cell); }
  /// Those of one replicate, 0 <= replicate < replicates().
  std::span<const double> replicate(std::size_t replicate, std::size_t cell) const {
    return sums(1 + replicate, cell);
  }

  /// Value on the data; standard error: the replicates' scatter; interval: their
  /// percentiles. Uncertainties are NaN where more than a tenth of the replicates has
  /// no value, or fewer than two groups have rows.
  Estimate estimate(std::size_t cell, const Statistic& statistic) const;

 private:
  std::span<const double> sums(std::size_t set, std::size_t cell) const {
    return std::span(sums_).subspan((set * cells_ + cell) * quantities_, quantities_);
  }

  std::size_t cells_, quantities_, replicates_, groups_ = 0;
  std::vector<std::size_t> groups_with_;  ///< [cell, quantity]
  std::vector<double> sums_;              ///< [1 + replicate, cell, quantity]
};

/// Linear interpolation in sorted values, 0 <= p <= 1; NaN of none.
double quantile_of_sorted(std::span<const double> sorted, double p);
/// Value with the standard error and percentile interval of its replicates (those that
/// are NaN do not count; see Bootstrap::estimate).
Estimate from_replicates(double value, std::vector<double> replicates);

}  // namespace lensmill::analysis
