#include "pipeline/audit/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "pipeline/archive/shards_beside.hpp"
#include "pipeline/audit/prepare_bands.hpp"
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

/// A file's rows, one at a time, read, rendered and made ready for a fit.
class Rows {
 public:
  Rows(const AuditMapping& map, const AuditRows& rows, const AuditStampReader& reader,
       AuditRenderer& renderer)
      : map_(map), rows_(rows), reader_(reader), renderer_(renderer) {}
  std::size_t count() const { return rows_.row.size(); }
  std::int64_t row(std::size_t k) const { return rows_.row[k]; }
  void set_whitenings(Whitenings whitenings) { whitenings_ = std::move(whitenings); }

  AuditStamp::State take(std::size_t k, std::vector<AuditBand>& bands) {
    if (!reader_.read(rows_.row[k], bands)) return AuditStamp::State::bad_stamp;
    if (!renderer_.take(k)) return AuditStamp::State::not_rendered;
    if (map_.stamps.normalised_each) undo_normalisation(bands, renderer_);
    whiten(bands, whitenings_);
    return AuditStamp::State::fitted;
  }

 private:
  const AuditMapping& map_;
  const AuditRows& rows_;
  const AuditStampReader& reader_;
  AuditRenderer& renderer_;
  Whitenings whitenings_;
};

// As many stamps as make 1e5 blank pixels and more: correlations to 0.003.
constexpr std::size_t stamps_for_noise = 200;

void measure_noise(const AuditMapping& map, Rows& rows, AuditRenderer& renderer,
                   AuditResult& result) {
  std::vector<BlankNoise> noise(map.bands.size());
  std::vector<AuditBand> bands;
  for (std::size_t k = 0; k < std::min(rows.count(), stamps_for_noise); ++k) {
    if (rows.take(k, bands) != AuditStamp::State::fitted) continue;
    add_blank_pixels(bands, renderer, noise);
  }
  Whitenings whitenings(noise.size());
  for (std::size_t b = 0; b < noise.size(); ++b) {
    auto& found = result.noise.emplace_back();
    found.blank_pixels = noise[b].pixels();
    found.variance_ratio = noise[b].variance_ratio();
    const auto correlation = noise[b].correlation();
    if (!correlation || !map.noise.correlation_is_measured) continue;
    found.correlated = true;
    constexpr int middle = most_lag_pix;
    found.neighbour =
        0.5 * ((*correlation)(middle, middle + 1) + (*correlation)(middle + 1, middle));
    whitenings[b] =
        std::make_shared<const Whitening>(correlation->view(), map.grid.stamp_size_pix);
  }
  rows.set_whitenings(std::move(whitenings));
}

void fit_all(Rows& rows, AuditRenderer& renderer, AuditResult& result, Log& log) {
  std::vector<AuditBand> bands;
  Steps steps(log, "stamps fitted", static_cast<std::int64_t>(rows.count()));
  for (std::size_t k = 0; k < rows.count(); ++k) {
    AuditStamp stamp;
    stamp.state = rows.take(k, bands);
    if (stamp.state == AuditStamp::State::bad_stamp) {
      ++result.bad_stamps;
    } else if (stamp.state == AuditStamp::State::not_rendered) {
      ++result.not_rendered;
    } else {
      stamp = fit_stamp(bands, renderer);
      ++result.verdicts[std::string(to_string(stamp.verdict))];
    }
    stamp.row = rows.row(k);
    result.stamps.push_back(std::move(stamp));
    steps.done();
  }
}

/// Of the width that maximises the summed ln L: by leaving out one stamp at a time.
double jackknife_width_error(const AuditResult& result,
                             const std::vector<double>& scan) {
  std::vector<double> widths;
  std::vector<double> others(scan.size());
  for_fitted(result, [&](const AuditStamp& stamp) {
    for (std::size_t k = 0; k < scan.size(); ++k) {
      others[k] = scan[k] - stamp.width_scan[k];
    }
    widths.push_back(analysis::parabola_peak(audit_widths(), others));
  });
  const auto n = static_cast<double>(widths.size());
  double mean = 0.0, sum = 0.0;
  for (const double w : widths) mean += w / n;
  for (const double w : widths) sum += (w - mean) * (w - mean);
  return std::sqrt((n - 1.0) / n * sum);
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
  result.width_error = jackknife_width_error(result, scan);
  result.width_at_end =
      result.width == audit_widths().front() || result.width == audit_widths().back();
  result.shift_x = analysis::mean_of(x);
  result.shift_y = analysis::mean_of(y);
  result.dx_pix = x.empty() ? 0.0 : median(std::span(x));
  result.dy_pix = y.empty() ? 0.0 : median(std::span(y));
}

/// All stamps together, with that width (refined) and that shift.
void sum_scores(Rows& rows, AuditRenderer& renderer, AuditResult& result, Log& log) {
  const auto widths = refined_widths(result.width);
  std::vector<AuditMatch> at_width(widths.size());
  AuditMatch shift, legacy;
  bool all_legacy = true;
  double snr = 0.0;
  double expected = 0.0;
  std::vector<AuditBand> bands;
  Steps steps(log, "stamps fitted, all with one width and shift",
              static_cast<std::int64_t>(rows.count()));
  for (std::size_t k = 0; k < rows.count(); ++k) {
    steps.done();
    const auto& stamp = result.stamps[k];
    if (stamp.state != AuditStamp::State::fitted) continue;
    rows.take(k, bands);
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

// Significances of a set's width and shift, by the scatter from stamp to stamp: it
// holds what the renders do not, too.
constexpr double decisive_sigmas = 5.0;
// A median's standard error over a mean's.
constexpr double median_error = 1.2533;
// As for a single stamp (analysis::verdict_of).
constexpr double least_snr = 3.0;
constexpr double least_log_ratio = 3.0;

/// Stamps of which a placement is known: compared with both, fitted by one.
analysis::MixtureFraction legacy_fraction(const AuditResult& result) {
  std::vector<double> ratios;
  for_fitted(result, [&](const AuditStamp& stamp) {
    const auto& scores = stamp.scores;
    if (!scores.legacy || stamp.verdict == AuditVerdict::none_fits ||
        !(scores.amplitude_snr >= least_snr)) {
      return;
    }
    double placed = std::max(analysis::penalised(scores.correct, 0),
                             analysis::penalised(scores.width, 1));
    if (scores.shift) placed = std::max(placed, analysis::penalised(*scores.shift, 2));
    ratios.push_back(analysis::penalised(*scores.legacy, 0) - placed);
  });
  return analysis::mixture_fraction(ratios);
}

/// The PSF at its place: as stated, or of another width, or shifted.
AuditVerdict placed_verdict(const AuditResult& result) {
  const auto& all = result.overall;
  const double correct = analysis::penalised(all.correct, 0);
  const double width = analysis::penalised(all.width, 1);
  const double change = std::abs(result.width - 1.0);
  const bool other_width = width > correct && change >= analysis::least_width_change &&
                           change > decisive_sigmas * result.width_error;
  const double shift = std::hypot(result.dx_pix, result.dy_pix);
  const double shift_error = median_error * std::hypot(result.shift_x.standard_error,
                                                       result.shift_y.standard_error);
  const bool shifted = all.shift && analysis::penalised(*all.shift, 2) > correct &&
                       shift >= analysis::least_shift_pix &&
                       shift > decisive_sigmas * shift_error;
  if (shifted && (!other_width || analysis::penalised(*all.shift, 2) > width)) {
    return AuditVerdict::shifted;
  }
  return other_width ? AuditVerdict::wrong_width : AuditVerdict::correct;
}

AuditVerdict verdict_of_set(AuditResult& result) {
  // A sum hides that each stamp misses its own way.
  const auto none = result.verdicts[std::string(to_string(AuditVerdict::none_fits))];
  if (2 * none > result.fitted()) return AuditVerdict::none_fits;
  const auto& fraction = result.legacy_fraction;
  if (fraction.is_mixed()) return AuditVerdict::mixed;
  auto verdict = placed_verdict(result);
  if (fraction.n > 0) {
    const double legacy_over_placed = fraction.log_over_none - fraction.log_over_all;
    if (std::abs(legacy_over_placed) < least_log_ratio) return AuditVerdict::undecided;
    if (legacy_over_placed > 0.0) verdict = AuditVerdict::legacy;
  } else if (!(result.overall.amplitude_snr >= least_snr)) {
    return AuditVerdict::undecided;
  }
  if (verdict == AuditVerdict::legacy && !result.overall.legacy) return verdict;
  const auto& match = match_of(result.overall, verdict);
  const auto& limits = analysis::limits_of_all_stamps;
  const bool misses = match.deviation() > limits.deviation &&
                      match.reduced() > limits.reduced &&
                      match.misfit() > limits.misfit;
  return misses ? AuditVerdict::none_fits : verdict;
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
  result.legacy_fraction = legacy_fraction(result);
  result.verdict = verdict_of_set(result);
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
  result.out_of_range = rows.out_of_range;
  result.first_problem = rows.first_problem;
  if (rows.row.empty()) {
    throw DataError(fmt::format(
        "{}: none of the {} sampled rows has parameters that are finite and "
        "in range",
        request.file, rows.sampled));
  }
  const AuditStampReader reader(map, file);
  // One rank does all the work: the others' part of an opening is not needed.
  AuditRenderer renderer(map, rows, parallel::Communicator());
  result.why_no_legacy = renderer.why_no_legacy();
  Rows ready(map, rows, reader, renderer);
  measure_noise(map, ready, renderer, result);
  fit_all(ready, renderer, result, log);
  if (result.fitted() == 0) {
    throw DataError(fmt::format(
        "{}: none of the {} sampled rows can be compared ({} with parameters that are "
        "not finite, {} stamps with too few finite pixels, {} without a render)",
        request.file, rows.sampled, result.incomplete, result.bad_stamps,
        result.not_rendered));
  }
  find_common(result);
  sum_scores(ready, renderer, result, log);
  summarise(result);
  return result;
}

}  // namespace lensmill::pipeline
