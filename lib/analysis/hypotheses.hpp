#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/analysis/counterfactual_sums.hpp"
#include "lib/analysis/leakage_sums.hpp"

namespace lensmill::analysis {

enum class Verdict { supported, refuted, not_decided };
std::string_view to_string(Verdict verdict);

/// The rule, fixed before any data: above 90 % supported, below 10 % refuted, else not
/// decided; likewise without a probability.
Verdict verdict_of(double probability);

/// One of the four hypotheses, for all rows or one bin.
struct HypothesisResult {
  std::string id;         ///< "H1"
  std::string statement;  ///< in words
  std::string rule;       ///< what is tested
  std::string effect_is;  ///< what `effect` is
  Estimate effect;
  double probability = StampRow::nan;  ///< that the statement holds; NaN: not measured
  Verdict verdict = Verdict::not_decided;
  std::string note;
};

/// H1 to H4 in a cell of the bootstrap. `legacy_operator`: the run was convolved by the
/// historical operator, so that its PSF terms are no physics. `counterfactual`: the
/// bootstrap of CounterfactualSums with the same cells, or null where nothing was
/// rendered; H3 is then not measured. docs/analysis.md contains the rules.
std::vector<HypothesisResult> test_hypotheses(
    const Bootstrap& bootstrap, std::size_t cell, bool legacy_operator,
    const Bootstrap* counterfactual = nullptr);

/// Probability that a cause leads: that its mean contribution is the largest of
/// `causes` quantities from `first` on.
double leads_probability(const Bootstrap& bootstrap, std::size_t cell,
                         std::size_t first, std::size_t causes, std::size_t cause);

}  // namespace lensmill::analysis
