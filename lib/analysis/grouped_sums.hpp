#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/analysis/exact_sum.hpp"

namespace lensmill::analysis {

/// Sums of quantities by cell (a bin of theta_E, say) and by random group of rows: what
/// a bootstrap resamples; one group where nothing is resampled. Rows of one unit (a
/// host, or a row by itself) share a group, so that the resampling keeps them together.
/// The state is integers alone: combine ranks by an element-wise sum, in any order.
class GroupedSums {
 public:
  /// Random groups: their resampled scatter estimates a standard error to 1 /
  /// sqrt(2 groups) = 3 % of itself.
  static constexpr std::size_t default_groups = 512;

  GroupedSums(std::size_t cells, std::size_t quantities,
              std::size_t groups = default_groups);

  std::size_t cells() const { return cells_; }
  std::size_t quantities() const { return quantities_; }
  std::size_t groups() const { return groups_; }

  /// The group of a unit, from its number alone.
  std::size_t group_of(std::int64_t unit) const;

  /// Add a value. Contract: finite and within largest_exact_term.
  void add(std::size_t cell, std::size_t group, std::size_t quantity, double value) {
    add_exactly(ExactSum(state_.data() + place(cell, group, quantity), exact_sum_limbs),
                value);
  }
  /// Count a row of this group, so that the bootstrap knows which groups exist.
  void count_row(std::size_t group) { ++state_[group]; }
  std::int64_t rows_in(std::size_t group) const { return state_[group]; }
  double value(std::size_t cell, std::size_t group, std::size_t quantity) const {
    return value_of_exact(
        ConstExactSum(state_.data() + place(cell, group, quantity), exact_sum_limbs));
  }

  std::span<std::int64_t> state() { return state_; }
  std::span<const std::int64_t> state() const { return state_; }

 private:
  std::size_t place(std::size_t cell, std::size_t group, std::size_t quantity) const {
    return groups_ +
           ((cell * groups_ + group) * quantities_ + quantity) * exact_sum_limbs;
  }

  std::size_t cells_, quantities_, groups_;
  std::vector<std::int64_t> state_;
};

}  // namespace lensmill::analysis
