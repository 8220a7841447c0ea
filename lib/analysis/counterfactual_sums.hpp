#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lib/analysis/leakage_sums.hpp"

namespace lensmill::analysis {

/// \name Causes that can be taken away, and the game of their subsets
/// Bit i of a subset is cause i. docs/physics.md, "Counterfactual renders", defines the
/// game; its value is the core flux fraction of the stamp rendered with these causes
/// and without the others.
///@{
inline constexpr std::size_t extent_cause = 0, counter_image_cause = 1, psf_cause = 2,
                             operator_cause = 3, game_causes = 4;
/// Causes of the run with the correct operator: all but the last.
inline constexpr std::size_t correct_causes = operator_cause;
inline constexpr std::size_t game_size = std::size_t{1} << game_causes,
                             correct_game_size = std::size_t{1} << correct_causes;
inline constexpr std::array<std::string_view, game_causes> game_cause_names{
    "source_extent", "counter_image", "psf", "psf_operator"};
/// Subsets: all but the operator (the stamp by the correct operator), and all.
inline constexpr std::size_t correct_subset = correct_game_size - 1,
                             legacy_subset = game_size - 1;
///@}

/// One row in all renders.
struct CounterfactualRow {
  std::int64_t row = 0;
  std::int64_t unit = 0;  ///< what the bootstrap resamples
  double theta_e_arcsec = StampRow::nan;
  /// The exact split by the correct operator, as split_of().
  std::array<double, split_causes> split{};
  /// v of each subset; those with the operator are NaN where the legacy operator does
  /// not apply.
  std::array<double, game_size> value{};
};

/// Quantities of a cell, in this order.
enum CounterfactualQuantity : std::size_t {
  c_rows,                                  ///< in all renders by the correct operator
  c_core,                                  ///< v(all but the operator)
  c_rest,                                  ///< v(none)
  c_shapley,                               ///< correct_causes of them
  c_leads = c_shapley + correct_causes,    ///< rows that each cause leads
  c_both_rows = c_leads + correct_causes,  ///< rows with both operators
  c_both_core,
  c_both_rest,
  c_legacy_core,      ///< v(all)
  c_operator,         ///< v(all) - v(all but the operator)
  c_operator_change,  ///< its absolute value
  c_split,            ///< split_causes of them, of the rows with both operators
  c_both_shapley = c_split + split_causes,      ///< game_causes of them
  c_both_leads = c_both_shapley + game_causes,  ///< likewise
  c_quantities = c_both_leads + game_causes
};

/// Sums behind the Shapley tables and H3, by bin of theta_E; cell bins.count() contains
/// the rows outside the bins, as in LeakageSums.
class CounterfactualSums {
 public:
  explicit CounterfactualSums(Bins bins);
  /// \return false for a row that is left out: a render without a finite fraction
  bool add(const CounterfactualRow& row);
  const GroupedSums& sums() const { return sums_; }

 private:
  Bins bins_;
  GroupedSums sums_;
};

}  // namespace lensmill::analysis
