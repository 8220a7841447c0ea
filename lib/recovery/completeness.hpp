#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/leakage_sums.hpp"

/// \file
/// Completeness and purity as shares of counts, with binomial intervals: Wilson's, at
/// analysis::confidence. They are never wider than [0, 1], have a width for no and for
/// all of the trials, and cover what they promise on the average over the unknown
/// share, where Clopper & Pearson's are too wide at small numbers (Brown, Cai &
/// DasGupta 2001, Stat. Sci. 16, 101).

namespace lensmill::recovery {

/// Fewer trials than this give an interval, but no value.
inline constexpr std::int64_t least_for_value = 3;

/// Successes of trials. value and standard_error are NaN below least_for_value trials,
/// everything for none.
struct Fraction {
  std::int64_t part = 0;
  std::int64_t of = 0;

  analysis::Estimate estimate() const;
};

/// One injection in the denominator of the completeness.
struct Trial {
  double variable = std::numeric_limits<double>::quiet_NaN();
  bool recovered = false;
  bool by_chance = false;  ///< a detection of the field without arcs matches it
};

struct CompletenessBin {
  double lower = 0.0;  ///< included
  double upper = 0.0;  ///< included in the last bin only
  Fraction recovered;
  Fraction by_chance;
};

/// Completeness by one quantity. The bins, `outside` and `undefined` together contain
/// every trial once.
struct CompletenessTable {
  std::vector<CompletenessBin> bins;
  CompletenessBin outside;    ///< beyond the edges; without limits
  CompletenessBin undefined;  ///< the quantity is not finite
};

CompletenessTable completeness_by(const analysis::Bins& bins,
                                  std::span<const Trial> trials);

/// One detection with a score, as the purity counts it.
struct ScoredDetection {
  double score = 0.0;
  bool is_match = false;  ///< of a counted injection
  bool is_near = false;   ///< within the radius of one, but not its match
};

struct PurityRow {
  double threshold = 0.0;  ///< detections of at least this score
  /// Matches of the detections: those of one arc after the first count as wrong.
  Fraction purity;
  std::int64_t near = 0;  ///< how many those are
  /// Counted injections whose match has the score, of all.
  Fraction completeness;
};

/// At thresholds that are scores of the detections: the lowest, then where equal shares
/// of them are left out, equal thresholds once. \param injections counted ones
/// \pre scores finite
std::vector<PurityRow> purity_by_threshold(std::span<const ScoredDetection> detections,
                                           std::int64_t injections,
                                           std::size_t most_thresholds = 20);

}  // namespace lensmill::recovery
