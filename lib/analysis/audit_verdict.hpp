#pragma once

#include <optional>
#include <string_view>

#include "lib/analysis/audit_fit.hpp"

namespace lensmill::analysis {

/// What stamps are compared with, and what is said of them.
enum class AuditVerdict {
  correct,      ///< the PSF at its place, as stated
  legacy,       ///< the historical misplacement of the PSF
  wrong_width,  ///< at its place, but of another width
  shifted,      ///< at its place, but the arc displaced
  none_fits,    ///< none of these within the noise, or no such arc at all
  mixed,        ///< of a set: some stamps legacy, some not
  undecided,    ///< too faint to tell correct from legacy
};
/// "correct", "legacy", "wrong PSF width", "shifted", "none fits", "mixed",
/// "undecided".
std::string_view to_string(AuditVerdict verdict);

/// The four models' matches, of one stamp or of all together.
struct AuditScores {
  AuditMatch correct;
  std::optional<AuditMatch> legacy;  ///< nothing: the kernel is larger than the stamp
  AuditMatch width;                  ///< one parameter more: the PSF's width
  std::optional<AuditMatch> shift;   ///< two more: dx, dy; nothing: no shift was found
  /// Significance of the arc: the best model's amplitude over its error, and what it
  /// would be for an amplitude of 1.
  double amplitude_snr = 0.0;
  double expected_snr = 0.0;
};

/// Log-likelihood minus half the free parameters times ln(pixels), Schwarz (1978).
double penalised(const AuditMatch& match, int parameters);

/// The model of the greatest penalised log-likelihood, whatever its fit.
AuditVerdict best_model(const AuditScores& scores);
/// Its match.
const AuditMatch& match_of(const AuditScores& scores, AuditVerdict model);

/// How far chi2 may lie above its expectation before a model is said not to fit.
struct AuditLimits {
  double deviation = 5.0;  ///< standard deviations, and
  double reduced = 1.0;    ///< chi2 over its expectation, and
  /// AuditMatch::misfit. Codes that integrate pixels coarsely, and truth rounded to
  /// some digits, leave some per cent of the light; a wrong convention most of it.
  double misfit = 0.12;
};

/// A width nearer to 1 and a shift shorter than that are no faults of a set: renderers
/// that take pixel centres for pixels differ by as much.
inline constexpr double least_width_change = 0.05;
inline constexpr double least_shift_pix = 0.1;

/// Over many stamps the slightest imperfection of noise or render is significant: to
/// reject all models they must also be a fifth above the expected chi2.
inline constexpr AuditLimits limits_of_all_stamps{.deviation = 5.0, .reduced = 1.2};

/// The best model, unless it does not fit (none_fits) or the data cannot tell.
AuditVerdict verdict_of(const AuditScores& scores, const AuditLimits& limits);

}  // namespace lensmill::analysis
