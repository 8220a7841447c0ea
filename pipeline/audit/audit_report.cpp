#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "lib/analysis/estimate.hpp"
#include "lib/core/text.hpp"
#include "pipeline/audit/audit.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::AuditMatch;
using analysis::AuditVerdict;
using nlohmann::json;

constexpr AuditVerdict all_verdicts[] = {
    AuditVerdict::correct, AuditVerdict::legacy,    AuditVerdict::wrong_width,
    AuditVerdict::shifted, AuditVerdict::none_fits, AuditVerdict::undecided};

std::string verdict_sentence(const AuditResult& result) {
  switch (result.verdict) {
    case AuditVerdict::correct:
      return "These stamps are fitted by the correct PSF placement; the PSF is where "
             "it "
             "belongs and as wide as stated, to 5 %.";
    case AuditVerdict::legacy:
      return "These stamps are fitted by the legacy PSF placement (legacy_ifftshift): "
             "they were made with the historical misplacement of the PSF.";
    case AuditVerdict::wrong_width:
      return fmt::format(
          "These stamps have the PSF at its place, but with a wrong PSF width: theirs "
          "is "
          "{:.3f} times as wide as stated{}.",
          result.width,
          result.width_at_end ? " (the end of the range that was searched)" : "");
    case AuditVerdict::shifted:
      return fmt::format(
          "These stamps have the PSF at its place, but are shifted against the mapping "
          "by "
          "({:+.3f}, {:+.3f}) pix (x, y): check lens positions, the stamp's centre "
          "((N-1)/2 or N/2) and the centring of the kernel.",
          result.dx_pix, result.dy_pix);
    case AuditVerdict::none_fits:
      return "None of the models fits these stamps: neither placement, nor another PSF "
             "width, nor a shift gives them within the stated noise; check columns, "
             "units, conventions, PSF and noise of the mapping, and whether stamps "
             "were "
             "normalised one by one (stamps.normalised: each).";
    case AuditVerdict::mixed:
      return fmt::format(
          "The set is MIXED: of the {} stamps that one of the placements fits, {:.1f} "
          "% [{:.1f}, {:.1f}] were made with the legacy PSF placement, the others were "
          "not: judge them apart (audit.csv names them).",
          result.legacy_fraction.n, 100.0 * result.legacy_fraction.value,
          100.0 * result.legacy_fraction.lower, 100.0 * result.legacy_fraction.upper);
    case AuditVerdict::undecided:
      return "These stamps are too faint to tell the correct PSF placement from the "
             "legacy one.";
  }
  return {};
}

// Log-likelihoods this near decide nothing, as in analysis::verdict_of.
constexpr double least_difference = 3.0;

/// Stamps that both placements were compared with, and those that the legacy one fits
/// better.
struct LegacyShare {
  std::int64_t better = 0, compared = 0;
};

LegacyShare legacy_share(const AuditResult& result) {
  LegacyShare share;
  for (const auto& stamp : result.stamps) {
    if (stamp.state != AuditStamp::State::fitted || !stamp.scores.legacy) continue;
    ++share.compared;
    if (stamp.scores.legacy->log_likelihood >
        stamp.scores.correct.log_likelihood + least_difference) {
      ++share.better;
    }
  }
  return share;
}

std::string legacy_sentence(const AuditResult& result) {
  const auto [better, compared] = legacy_share(result);
  if (compared == 0) return {};
  const auto share = analysis::wilson(better, compared);
  std::string text = fmt::format(
      "{} of {} stamps fit the legacy placement better than the correct one: {:.0f} % "
      "[{:.0f}, {:.0f}].",
      better, compared, 100.0 * share.value, 100.0 * share.lower, 100.0 * share.upper);
  const auto& fraction = result.legacy_fraction;
  if (fraction.n > 0) {
    text += fmt::format(
        "\nLegacy share by the likelihoods of {} stamps that one of the placements "
        "fits: "
        "{:.1f} % [{:.1f}, {:.1f}].",
        fraction.n, 100.0 * fraction.value, 100.0 * fraction.lower,
        100.0 * fraction.upper);
  }
  return text;
}

double log_ratio(const AuditMatch& match, const AuditResult& result) {
  return match.log_likelihood - result.overall.correct.log_likelihood;
}

std::string model_line(std::string_view name, const AuditMatch& match,
                       const AuditResult& result, int parameters) {
  return fmt::format("  {:<24} {:>14.1f} {:>14.1f} {:>12.4g} {:>10.4g} {:>8.3f}\n",
                     name, log_ratio(match, result),
                     analysis::penalised(match, parameters) -
                         analysis::penalised(result.overall.correct, 0),
                     match.reduced(), match.deviation(), match.misfit());
}

std::string noise_text(const AuditResult& result) {
  std::string text;
  for (std::size_t b = 0; b < result.noise.size(); ++b) {
    const auto& noise = result.noise[b];
    if (noise.blank_pixels == 0) continue;
    text += fmt::format(
        "\nNoise of band {} by {} blank pixels: variance {:.3f} times the stated one, "
        "{}",
        result.bands[b], noise.blank_pixels, noise.variance_ratio,
        noise.correlated
            ? fmt::format("correlated ({:.2f} with the next pixel): taken into account",
                          noise.neighbour)
            : "no correlation counted");
  }
  return text.empty() ? text : text + "\n";
}

std::string mean_text(const analysis::Mean& mean) {
  if (mean.n == 0) return "none found (n = 0)";
  return fmt::format("{:+.4f} +- {:.4f} (n = {})", mean.value, mean.standard_error,
                     mean.n);
}

// NaN become null: JSON has none.
json mean_json(const analysis::Mean& mean) {
  return {{"mean", mean.value}, {"standard_error", mean.standard_error}, {"n", mean.n}};
}

json match_json(const AuditMatch& match, int parameters) {
  return {{"log_likelihood", match.log_likelihood},
          {"penalised", analysis::penalised(match, parameters)},
          {"parameters", parameters},
          {"chi2", match.chi2},
          {"expected_chi2", match.expected_chi2},
          {"deviation_sigma", match.deviation()},
          {"misfit", match.misfit()},
          {"pixels", match.pixels}};
}

std::string csv_row(const AuditStamp& stamp, std::size_t bands) {
  static constexpr const char* states[] = {"fitted", "bad_stamp", "not_rendered"};
  constexpr std::size_t fixed_cells = 16;
  std::vector<std::string> cells{fmt::format("{}", stamp.row),
                                 states[static_cast<int>(stamp.state)]};
  if (stamp.state == AuditStamp::State::fitted) {
    const auto& s = stamp.scores;
    const auto over_correct = [&](const std::optional<AuditMatch>& match) {
      return match ? csv_number(match->log_likelihood - s.correct.log_likelihood)
                   : std::string();
    };
    const auto& best = match_of(s, best_model(s));
    cells.insert(
        cells.end(),
        {std::string(to_string(stamp.verdict)), csv_number(s.correct.log_likelihood),
         over_correct(s.legacy), over_correct(s.width), over_correct(s.shift),
         csv_number(best.chi2), csv_number(best.expected_chi2),
         csv_number(s.amplitude_snr), csv_number(stamp.width)});
    if (stamp.shift) {
      cells.insert(
          cells.end(),
          {csv_number(stamp.shift->x_pix), csv_number(stamp.shift->y_pix),
           csv_number(stamp.shift->x_error_pix), csv_number(stamp.shift->y_error_pix)});
    }
    cells.resize(fixed_cells - 1);
    cells.push_back(csv_number(stamp.core_excess));
    for (const double ratio : stamp.flux_ratio) cells.push_back(csv_number(ratio));
  }
  cells.resize(fixed_cells + bands);
  return fmt::format("{}\n", fmt::join(cells, ","));
}

}  // namespace

std::string audit_text(const AuditResult& result) {
  std::string text =
      fmt::format("{}: {} rows, {} sampled, {} compared\n", result.request.file,
                  result.rows_in_file, result.sampled, result.fitted());
  const auto count = [&](std::int64_t n, std::string_view what) {
    if (n > 0) text += fmt::format("  left out: {} {}\n", n, what);
  };
  count(result.incomplete, "rows with parameters that are not finite");
  count(result.out_of_range,
        fmt::format("rows with parameters out of range ({})", result.first_problem));
  count(result.bad_stamps, "stamps of which most pixels are not finite");
  count(result.not_rendered, "rows that cannot be rendered");
  text += fmt::format("\n{}\n\nStamps by their own verdict:", verdict_sentence(result));
  for (const auto verdict : all_verdicts) {
    const auto at = result.verdicts.find(std::string(to_string(verdict)));
    if (at == result.verdicts.end() || at->second == 0) continue;
    text += fmt::format(" {} {};", at->second, to_string(verdict));
  }
  text.back() = '\n';
  if (const auto sentence = legacy_sentence(result); !sentence.empty()) {
    text += sentence + '\n';
  }
  text += fmt::format("\n  {:<24} {:>14} {:>14} {:>12} {:>10} {:>8}\n",
                      "all stamps together", "ln L/L_correct", "penalised",
                      "chi2/expect.", "deviation", "misfit");
  const auto& all = result.overall;
  text += model_line("correct placement", all.correct, result, 0);
  if (all.legacy) {
    text += model_line("legacy placement", *all.legacy, result, 0);
  } else {
    text += fmt::format("  legacy placement: not compared ({})\n",
                        result.why_no_legacy.empty()
                            ? "kernels of some rows are larger than the stamp"
                            : result.why_no_legacy);
  }
  text +=
      model_line(fmt::format("PSF width x {:.3f}", result.width), all.width, result, 1);
  if (all.shift) {
    text += model_line(
        fmt::format("shift ({:+.3f}, {:+.3f})", result.dx_pix, result.dy_pix),
        *all.shift, result, 2);
  }
  text += noise_text(result);
  text += fmt::format("\nCentroid shift against the correct render, pix: x {}, y {}\n",
                      mean_text(result.shift_x), mean_text(result.shift_y));
  for (std::size_t b = 0; b < result.bands.size(); ++b) {
    text += fmt::format("Flux ratio (stamp over render, median), band {}: {:.4f}\n",
                        result.bands[b], result.flux_ratio[b]);
  }
  text += fmt::format("Core excess (r < 5 pix, over the arc's flux): {}",
                      mean_text(result.core_excess));
  return text;
}

std::string audit_json(const AuditResult& result) {
  json document;
  document["format"] = "lensmill audit 1";
  document["file"] = result.request.file;
  document["mapping"] = result.request.mapping;
  document["seed"] = result.request.seed;
  document["rows"] = {{"in_file", result.rows_in_file},
                      {"sampled", result.sampled},
                      {"compared", result.fitted()},
                      {"parameters_not_finite", result.incomplete},
                      {"parameters_out_of_range", result.out_of_range},
                      {"bad_stamps", result.bad_stamps},
                      {"not_rendered", result.not_rendered}};
  document["verdict"] = to_string(result.verdict);
  document["sentence"] = verdict_sentence(result);
  for (const auto verdict : all_verdicts) {
    const auto at = result.verdicts.find(std::string(to_string(verdict)));
    document["stamp_verdicts"][std::string(to_string(verdict))] =
        at == result.verdicts.end() ? 0 : at->second;
  }
  const auto [better, compared] = legacy_share(result);
  const auto& fraction = result.legacy_fraction;
  document["legacy_fraction"] = {{"value", fraction.value},
                                 {"lower", fraction.lower},
                                 {"upper", fraction.upper},
                                 {"stamps", fraction.n},
                                 {"log_likelihood_over_none", fraction.log_over_none},
                                 {"log_likelihood_over_all", fraction.log_over_all}};
  for (std::size_t b = 0; b < result.noise.size(); ++b) {
    const auto& noise = result.noise[b];
    document["noise"][result.bands[b]] = {{"blank_pixels", noise.blank_pixels},
                                          {"variance_ratio", noise.variance_ratio},
                                          {"correlated", noise.correlated},
                                          {"correlation_next_pixel", noise.neighbour}};
  }
  document["legacy_better"] = {{"stamps", better},
                               {"compared", compared},
                               {"sentence", legacy_sentence(result)}};
  const auto& all = result.overall;
  auto& models = document["models"];
  models["correct"] = match_json(all.correct, 0);
  models["legacy"] = all.legacy ? match_json(*all.legacy, 0) : json(nullptr);
  models["psf_width"] = match_json(all.width, 1);
  models["psf_width"]["factor"] = result.width;
  models["psf_width"]["factor_error"] = result.width_error;
  models["shift"] = all.shift ? match_json(*all.shift, 2) : json(nullptr);
  if (all.shift) {
    models["shift"]["x_pix"] = result.dx_pix;
    models["shift"]["y_pix"] = result.dy_pix;
  }
  document["legacy_not_compared"] = result.why_no_legacy;
  document["centroid_shift_x_pix"] = mean_json(result.shift_x);
  document["centroid_shift_y_pix"] = mean_json(result.shift_y);
  document["core_excess"] = mean_json(result.core_excess);
  for (std::size_t b = 0; b < result.bands.size(); ++b) {
    document["flux_ratio_median"][result.bands[b]] = result.flux_ratio[b];
  }
  return document.dump(2) + "\n";
}

std::string audit_csv(const AuditResult& result) {
  std::string text =
      "row,state,verdict,log_likelihood_correct,log_ratio_legacy,log_ratio_psf_width,"
      "log_ratio_shift,chi2_best,expected_chi2_best,amplitude_snr,psf_width_factor,"
      "shift_x_pix,shift_y_pix,shift_x_error_pix,shift_y_error_pix,core_excess";
  for (const auto& band : result.bands) text += fmt::format(",flux_ratio_{}", band);
  text += "\n";
  for (const auto& stamp : result.stamps) text += csv_row(stamp, result.bands.size());
  return text;
}

}  // namespace lensmill::pipeline
