#pragma once

#include <cstddef>
#include <string_view>

#include "lib/analysis/bootstrap.hpp"

namespace lensmill::analysis {

/// A cause leads where its mean contribution exceeds that of every other by more than
/// this share of the core flux: less is a tie, however many rows show it.
inline constexpr double least_lead = 0.05;
/// Of fewer groups (rows, or hosts where these are resampled) nothing is said: the
/// 90 % interval of their bootstrap covers too little (85 % for the mean of 20
/// exponential values).
inline constexpr std::size_t least_groups = 20;

enum class Dominance { leads, tie, not_decided, too_few, no_core_flux };
/// "leads", "tie", "not decided", "too few", "no core flux"
std::string_view to_string(Dominance dominance);

/// Where the causes of one account are in a cell's sums: contributions that add up to
/// the core flux.
struct CauseSums {
  std::size_t first = 0;   ///< quantity of the first cause ...
  std::size_t causes = 0;  ///< ... of so many
  std::size_t core = 0;    ///< quantity of the core flux
  std::size_t rows = 0;    ///< quantity: the number of rows that count
};

/// Which cause gives most, and by how much.
struct Lead {
  std::size_t leader = 0;  ///< its place among the causes
  std::size_t next = 0;    ///< the second one
  /// Of the leader over the largest other cause, over the core flux; in replicates
  /// where another one leads, negative.
  Estimate lead;
  Dominance dominance = Dominance::too_few;
};

/// By how much the mean contribution of `cause` exceeds the largest of the others, over
/// the core flux: negative where another leads; NaN without core flux.
Estimate lead_of(const Bootstrap& bootstrap, std::size_t cell, const CauseSums& sums,
                 std::size_t cause);

/// What a lead and its 90 % interval say: leads (all of the interval above least_lead),
/// tie (all of it below), or neither. \param groups that have rows in the cell
Dominance dominance_of(const Estimate& lead, std::size_t groups);

/// The cause with the largest mean contribution in a cell.
Lead find_lead(const Bootstrap& bootstrap, std::size_t cell, const CauseSums& sums);

}  // namespace lensmill::analysis
