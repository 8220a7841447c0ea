#pragma once

#include <algorithm>
#include <cmath>
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

/// The scale on which an interval of the jackknife is symmetric.
struct JackknifeScale {
  double (*to)(double) = [](double value) { return value; };
  double (*from)(double) = [](double value) { return value; };
};
/// Of shares of variance (R^2): their squares, on which their errors depend least on
/// how much of the variance few rows carry.
inline constexpr JackknifeScale squared_share{
    .to = [](double share) { return share * share; },
    .from = [](double square) { return std::sqrt(std::clamp(square, 0.0, 1.0)); }};

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

  /// An interval that covers where the statistic is no mean: of a slope, or of a share
  /// of variance, whose own error grows with the few rows that carry it. By the
  /// jackknife over groups (Tukey 1958, Ann. Math. Stat. 29, 614): the statistic's
  /// standard error on `scale`, and Student's quantile for the
  /// degrees of freedom that the standard error's own scatter leaves it (Satterthwaite
  /// 1946, Biom. Bull. 2, 110): 2 m / (kurtosis - 1) of the m groups' leave-one-out
  /// values. The ends are carried back; no replicates take part. Without an
  /// interval where the statistic is undefined without a group, or fewer than three
  /// groups have rows.
  Estimate jackknife(std::size_t cell, const Statistic& statistic,
                     const JackknifeScale& scale = {}) const;

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
  std::vector<double> by_group_;          ///< [group, cell but the last, quantity]
};

/// Linear interpolation in sorted values, 0 <= p <= 1; NaN of none.
double quantile_of_sorted(std::span<const double> sorted, double p);
/// Value with the standard error and percentile interval of its replicates (those that
/// are NaN do not count; see Bootstrap::estimate).
Estimate from_replicates(double value, std::vector<double> replicates);

}  // namespace lensmill::analysis
