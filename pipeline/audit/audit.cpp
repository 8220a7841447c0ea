#include "pipeline/audit/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "pipeline/archive/shards_beside.hpp"
#include "pipeline/program/steps.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::AuditMatch;
using analysis::AuditVerdict;

/// Visit the stamps that were fitted.
template <class Visit>
void for_fitted(const AuditResult& result, Visit&& visit) {
  for (const auto& stamp : result.stamps) {
    if (stamp.state == AuditStamp::State::fitted) visit(stamp);
  }
}

void fit_all(const AuditRows& rows, const AuditStampReader& reader,
             AuditRenderer& renderer, AuditResult& result, Log& log) {
  std::vector<AuditBand> bands;
  Steps steps(log, "stamps fitted", std::ssize(rows.row));
  for (std::size_t k = 0; k < rows.row.size(); ++k) {
    AuditStamp stamp;
    if (!reader.read(rows.row[k], bands)) {
      stamp.state = AuditStamp::State::bad_stamp;
      ++result.bad_stamps;
    } else if (!renderer.take(k)) {
      stamp.state = AuditStamp::State::not_rendered;
      ++result.not_rendered;
    } else {
      stamp = fit_stamp(bands, renderer);
      ++result.verdicts[std::string(to_string(stamp.verdict))];
    }
    stamp.row = rows.row[k];
    result.stamps.push_back(std::move(stamp));
    steps.done();
  }
}

/// The width and the shift that all stamps have in common, as a first look has them.
void find_common(AuditResult& result) {
  std::vector<double> scan(audit_widths().size(), 0.0);
  std::vector<double> x, y;
  for_fitted(result, [&](const AuditStamp& stamp) {
    for (std::size_t k = 0; k < scan.size(); ++k) scan[k] += stamp.width_scan[k];
    if (!stamp.shift) return;
    x.push_back(stamp.shift->x_pix);
    y.push_back(stamp.shift->y_pix);
  });
  result.width = analysis::parabola_peak(audit_widths(), scan);
  result.width_at_end =
      result.width == audit_widths().front() || result.width == audit_widths().back();
  result.shift_x = analysis::mean_of(x);
  result.shift_y = analysis::mean_of(y);
  result.dx_pix = x.empty() ? 0.0 : median(std::span(x));
  result.dy_pix = y.empty() ? 0.0 : median(std::span(y));
}

/// All stamps together, with that width (refined) and that shift.
void sum_scores(const AuditRows& rows, const AuditStampReader& reader,
                AuditRenderer& renderer, AuditResult& result, Log& log) {
  const auto widths = refined_widths(result.width);
  std::vector<AuditMatch> at_width(widths.size());
  AuditMatch shift, legacy;
  bool all_legacy = true;
  double snr = 0.0;
  double expected = 0.0;
  std::vector<AuditBand> bands;
  Steps steps(log, "stamps fitted, all with one width and shift", std::ssize(rows.row));
  for (std::size_t k = 0; k < rows.row.size(); ++k) {
    steps.done();
    const auto& stamp = result.stamps[k];
    if (stamp.state != AuditStamp::State::fitted) continue;
    reader.read(rows.row[k], bands);
    renderer.take(k);
    for (std::size_t w = 0; w < widths.size(); ++w) {
      at_width[w] += match_change(bands, renderer, {.width = widths[w]});
    }
    shift += match_change(bands, renderer,
                          {.dx_pix = result.dx_pix, .dy_pix = result.dy_pix});
    result.overall.correct += stamp.scores.correct;
    all_legacy = all_legacy && stamp.scores.legacy.has_value();
    if (stamp.scores.legacy) legacy += *stamp.scores.legacy;
    snr += stamp.scores.amplitude_snr;
    expected += stamp.scores.expected_snr;
  }
  std::vector<double> values;
  values.reserve(at_width.size());
  for (const auto& match : at_width) values.push_back(match.log_likelihood);
  if (!result.width_at_end) result.width = analysis::parabola_peak(widths, values);
  result.overall.width =
      *std::ranges::max_element(at_width, {}, &AuditMatch::log_likelihood);
  if (result.shift_x.n > 0) result.overall.shift = shift;
  if (all_legacy) result.overall.legacy = legacy;
  const double root_n = std::sqrt(static_cast<double>(result.fitted()));
  result.overall.amplitude_snr = snr / root_n;
  result.overall.expected_snr = expected / root_n;
}

void summarise(AuditResult& result) {
  std::vector<double> excess;
  std::vector<std::vector<double>> ratios(result.bands.size());
  for_fitted(result, [&](const AuditStamp& stamp) {
    if (std::isfinite(stamp.core_excess)) excess.push_back(stamp.core_excess);
    for (std::size_t b = 0; b < ratios.size(); ++b) {
      ratios[b].push_back(stamp.flux_ratio[b]);
    }
  });
  result.core_excess = analysis::mean_of(excess);
  for (auto& band : ratios) result.flux_ratio.push_back(median(std::span(band)));
  result.verdict = analysis::verdict_of(result.overall, analysis::limits_of_all_stamps);
  // A sum hides that each stamp misses its own way.
  const auto none = result.verdicts[std::string(to_string(AuditVerdict::none_fits))];
  if (2 * none > result.fitted()) result.verdict = AuditVerdict::none_fits;
}

}  // namespace

std::int64_t AuditResult::fitted() const {
  return std::ranges::count(stamps, AuditStamp::State::fitted, &AuditStamp::state);
}

AuditResult audit(const AuditRequest& request, Log& log) {
  const auto file = io::hdf5::File::open(request.file);
  check_shards_beside(file);
  const auto map = read_mapping(request.mapping, file);
  const auto rows = read_rows(map, file, request.sample, request.seed);
  AuditResult result;
  result.request = request;
  result.bands = map.bands;
  result.rows_in_file = rows.rows_in_file;
  result.sampled = rows.sampled;
  result.incomplete = rows.incomplete;
  if (rows.row.empty()) {
    throw DataError(fmt::format("{}: none of the {} sampled rows has finite parameters",
                                request.file, rows.sampled));
  }
  const AuditStampReader reader(map, file);
  // One rank does all the work: the others' part of an opening is not needed.
  AuditRenderer renderer(map, rows, parallel::Communicator());
  result.why_no_legacy = renderer.why_no_legacy();
  fit_all(rows, reader, renderer, result, log);
  if (result.fitted() == 0) {
    throw DataError(fmt::format(
        "{}: none of the {} sampled rows can be compared ({} with parameters that are "
        "not finite, {} stamps with too few finite pixels, {} without a render)",
        request.file, rows.sampled, result.incomplete, result.bad_stamps,
        result.not_rendered));
  }
  find_common(result);
  sum_scores(rows, reader, renderer, result, log);
  summarise(result);
  return result;
}

}  // namespace lensmill::pipeline
