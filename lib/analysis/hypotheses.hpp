#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/analysis/counterfactual_sums.hpp"
#include "lib/analysis/dominance.hpp"
#include "lib/analysis/leakage_sums.hpp"

namespace lensmill::analysis {

enum class Verdict { supported, refuted, not_decided };
std::string_view to_string(Verdict verdict);

/// The rule, fixed before any data: supported where the whole 90 % interval of what
/// decides is above one threshold, refuted where it is below the other, else not
/// decided; likewise without an interval. It is the size of an effect that decides, not
/// how often it is positive: with rows enough, the sign of any difference is certain.
struct Thresholds {
  double supported_above = 0.0, refuted_below = 0.0;
};
Verdict verdict_of(const Estimate& decides, const Thresholds& thresholds,
                   std::size_t groups);

/// One of the four hypotheses, for all rows or one bin.
struct HypothesisResult {
  std::string id;          ///< "H1"
  std::string statement;   ///< in words
  std::string rule;        ///< what is tested
  std::string effect_is;   ///< what `effect` is
  std::string decides_is;  ///< what `decides` is
  Estimate effect;
  Estimate decides;  ///< what the thresholds are for; NaN: not measured
  Thresholds thresholds;
  Verdict verdict = Verdict::not_decided;
  std::string note;
};

/// H1 to H4 in a cell of the bootstrap. H1 and H2 are decided in one account (`steps`),
/// so that no light counts for both. `legacy_operator`: the run was convolved by the
/// historical operator, so that its PSF terms are no physics. `counterfactual`: the
/// bootstrap of CounterfactualSums with the same cells, or null where nothing was
/// rendered; H3 is then not measured. docs/analysis.md contains the rules.
std::vector<HypothesisResult> test_hypotheses(
    const Bootstrap& bootstrap, std::size_t cell, bool legacy_operator,
    const Bootstrap* counterfactual = nullptr);

/// The legacy operator's part of the core flux less the largest cause of the correct
/// one's split, over the core flux: H3's.
Estimate operator_lead(const Bootstrap& counterfactual, std::size_t cell);

}  // namespace lensmill::analysis
