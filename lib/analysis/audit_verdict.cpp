#include "lib/analysis/audit_verdict.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

// exp(3) = 20: less than that is no decision between two placements.
constexpr double least_log_ratio = 3.0;
// An arc is there from three standard deviations on; it is missed where it should have
// had five.
constexpr double least_snr = 3.0;
constexpr double certain_snr = 5.0;

}  // namespace

std::string_view to_string(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::correct: return "correct";
    case AuditVerdict::legacy: return "legacy";
    case AuditVerdict::wrong_width: return "wrong PSF width";
    case AuditVerdict::shifted: return "shifted";
    case AuditVerdict::none_fits: return "none fits";
    case AuditVerdict::mixed: return "mixed";
    case AuditVerdict::undecided: return "undecided";
  }
  return "unknown";
}

double penalised(const AuditMatch& match, int parameters) {
  return match.log_likelihood -
         0.5 * parameters * std::log(std::max(match.pixels, 1.0));
}

AuditVerdict best_model(const AuditScores& scores) {
  auto best = AuditVerdict::correct;
  double greatest = penalised(scores.correct, 0);
  const auto compare = [&](AuditVerdict model, double score) {
    if (!(score > greatest)) return;
    best = model;
    greatest = score;
  };
  if (scores.legacy) compare(AuditVerdict::legacy, penalised(*scores.legacy, 0));
  compare(AuditVerdict::wrong_width, penalised(scores.width, 1));
  if (scores.shift) compare(AuditVerdict::shifted, penalised(*scores.shift, 2));
  return best;
}

const AuditMatch& match_of(const AuditScores& scores, AuditVerdict model) {
  switch (model) {
    case AuditVerdict::legacy: EXPECT(scores.legacy.has_value()); return *scores.legacy;
    case AuditVerdict::wrong_width: return scores.width;
    case AuditVerdict::shifted: EXPECT(scores.shift.has_value()); return *scores.shift;
    default: return scores.correct;
  }
}

AuditVerdict verdict_of(const AuditScores& scores, const AuditLimits& limits) {
  const auto best = best_model(scores);
  const auto& match = match_of(scores, best);
  if (match.deviation() > limits.deviation && match.reduced() > limits.reduced &&
      match.misfit() > limits.misfit) {
    return AuditVerdict::none_fits;
  }
  if (!(scores.amplitude_snr >= least_snr)) {
    return scores.expected_snr >= certain_snr ? AuditVerdict::none_fits
                                              : AuditVerdict::undecided;
  }
  if (scores.legacy) {
    const double legacy = penalised(*scores.legacy, 0);
    double placed = std::max(penalised(scores.correct, 0), penalised(scores.width, 1));
    if (scores.shift) placed = std::max(placed, penalised(*scores.shift, 2));
    if (std::abs(placed - legacy) < least_log_ratio) return AuditVerdict::undecided;
  }
  return best;
}

}  // namespace lensmill::analysis
