#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/analysis/audit_verdict.hpp"
#include "pipeline/audit/audit_renderer.hpp"

namespace lensmill::pipeline {

/// What the audit says of one row.
struct AuditStamp {
  enum class State { fitted, bad_stamp, not_rendered };
  std::int64_t row = 0;
  State state = State::fitted;
  analysis::AuditScores scores;
  analysis::AuditVerdict verdict = analysis::AuditVerdict::undecided;
  double width = 1.0;                    ///< factor of the best PSF width
  std::optional<analysis::Shift> shift;  ///< of the stamp against the correct render
  std::vector<double> flux_ratio;        ///< [band], stamp over the best model
  double core_excess = 0.0;        ///< NaN: no light in the model, no pixel in the core
  std::vector<double> width_scan;  ///< ln L at audit_widths(); NaN amplitude never
};

/// Factors of the PSF's width that every stamp is compared at.
const std::vector<double>& audit_widths();
/// Five factors about `width` for its refinement.
std::vector<double> refined_widths(double width);

/// Fit all models to the row that `renderer` has taken up.
AuditStamp fit_stamp(const std::vector<AuditBand>& bands, AuditRenderer& renderer);

/// The match of the row in hand with a changed correct render, amplitudes free.
analysis::AuditMatch match_change(const std::vector<AuditBand>& bands,
                                  AuditRenderer& renderer, const AuditChange& change);

}  // namespace lensmill::pipeline
