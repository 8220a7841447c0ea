#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/mixture.hpp"
#include "pipeline/audit/audit_stamp.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

struct AuditRequest {
  std::string file;
  std::string mapping;
  std::int64_t sample = 500;
  std::uint64_t seed = 1;
};

/// What the audit says of a file.
struct AuditResult {
  AuditRequest request;
  BandNames bands;
  std::vector<AuditStamp> stamps;
  std::int64_t rows_in_file = 0, sampled = 0;
  std::int64_t incomplete = 0, bad_stamps = 0, not_rendered = 0;
  std::int64_t out_of_range = 0;
  std::string first_problem;  ///< of the rows out of range
  /// What blank pixels say of the noise, [band]; empty where it has no sky.
  struct Noise {
    std::int64_t blank_pixels = 0;
    double variance_ratio = 0.0;  ///< measured over stated
    bool correlated = false;      ///< and taken into account
    double neighbour = 0.0;       ///< mean correlation of pixels one apart
  };
  std::vector<Noise> noise;
  std::string why_no_legacy;  ///< "" where it was compared
  std::map<std::string, std::int64_t> verdicts;
  analysis::AuditScores overall;
  analysis::AuditVerdict verdict = analysis::AuditVerdict::undecided;
  double width = 1.0;                 ///< one factor for all stamps
  bool width_at_end = false;          ///< at an end of the range searched
  double width_error = 0.0;           ///< by leaving out one stamp at a time
  double dx_pix = 0.0, dy_pix = 0.0;  ///< one shift for all stamps
  /// Share of the legacy placement among stamps that one of the placements fits.
  analysis::MixtureFraction legacy_fraction;
  analysis::Mean shift_x, shift_y, core_excess;
  std::vector<double> flux_ratio;  ///< medians, [band]

  std::int64_t fitted() const;
};

/// Compare a file's stamps with renders. \independent
/// \throws ConfigError, DataError, IoError
AuditResult audit(const AuditRequest& request, Log& log);

/// The report in words; the same as JSON; the stamps as CSV.
std::string audit_text(const AuditResult& result);
std::string audit_json(const AuditResult& result);
std::string audit_csv(const AuditResult& result);

}  // namespace lensmill::pipeline
