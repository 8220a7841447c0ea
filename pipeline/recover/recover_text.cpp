#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

#include "lib/analysis/estimate.hpp"
#include "lib/core/text.hpp"
#include "pipeline/recover/recover.hpp"

namespace lensmill::pipeline {
namespace {

using recovery::Fraction;

/// "0.824 [0.795, 0.850]"; of too few trials the interval alone, of none "-".
std::string fraction_text(const Fraction& fraction) {
  const auto estimate = fraction.estimate();
  if (fraction.of == 0) return "-";
  return fmt::format("{} [{:.3f}, {:.3f}]",
                     std::isnan(estimate.value) ? std::string("     ")
                                                : fmt::format("{:.3f}", estimate.value),
                     estimate.lower, estimate.upper);
}

std::string count_line(const std::string& name, std::int64_t count) {
  return fmt::format("{:<44} {:>9}\n", name, grouped(count));
}

std::string count_line(const std::string& name, const Fraction& fraction) {
  return fmt::format("{:<44} {:>9}   {}\n", name, grouped(fraction.part),
                     fraction_text(fraction));
}

std::string files_text(const RecoverResult& result) {
  const auto& truth = result.truth;
  std::string text =
      fmt::format("Field       {}: {} x {} pixels of {:.4g} arcsec, bands {}\n",
                  fmt::join(result.request.folders, ", "), truth.nx, truth.ny,
                  truth.pixel_scale_arcsec, fmt::join(truth.bands, ", "));
  const auto line = [&](const std::string& name, const Detections& file) {
    text += fmt::format("{:<11} {}: {} rows, {}\n", name, file.path,
                        grouped(static_cast<std::int64_t>(file.rows())),
                        file.positions_text);
  };
  for (std::size_t k = 0; k < result.detections.size(); ++k) {
    line(fmt::format("Pass {}", result.pass[k]), result.detections[k]);
  }
  if (result.empty) line("Empty field", *result.empty);
  return text + fmt::format("Match       mutually nearest within {} arcsec\n",
                            result.request.radius_arcsec);
}

std::string counts_text(const RecoverResult& result) {
  std::string text = fmt::format(
      "\nIntervals: {:.0f} % (Wilson); of fewer than {} trials there is no value.\n\n",
      100.0 * analysis::confidence, recovery::least_for_value);
  text += count_line("injections", static_cast<std::int64_t>(result.truth.rows()));
  if (const auto& deferred = result.truth.deferred; deferred && *deferred > 0) {
    text += count_line("  (more, in passes that are not given)", *deferred);
  }
  for (const auto& [reason, count] : result.left_out) {
    text += count_line("  left out: " + reason, count);
  }
  text += count_line("  counted", result.recovered.of);
  if (result.rings > 0) text += count_line("    of them rings", result.rings);
  text += count_line("    recovered", result.recovered);
  text += count_line("    lost to another injection's match", result.shared);
  text += count_line("    with several detections in the radius", result.several);
  if (result.ties > 0) text += count_line("    with ties in the distance", result.ties);
  text +=
      fmt::format("{:<44} {:>9}   {:.3f}\n",
                  "    expected by the density of detections", "", result.by_density);
  if (!result.empty) {
    return text + fmt::format("{:<44} not tested (no --empty)\n",
                              "    matched by chance (field without arcs)");
  }
  text += count_line("    matched by chance (field without arcs)", result.by_chance);
  text +=
      count_line("    recovered, with a source there before", result.ambiguous_matches);
  return text;
}

std::string ambiguity_text(const RecoverResult& result) {
  const auto& radii = result.request.ambiguity_radii_arcsec;
  if (!result.empty) return "\nAmbiguity: not tested (no --empty)\n";
  std::string text = fmt::format("\n{:<12} {:>8} {:>8} {:>8} {:>8}\n", "Ambiguity",
                                 "none", "fainter", "brighter", "unknown");
  for (std::size_t r = 0; r < radii.size(); ++r) {
    std::array<std::int64_t, 4> counts{};
    for (const auto& injection : result.injections) {
      const bool counts_here = injection.state == InjectionState::counted ||
                               injection.state == InjectionState::ambiguous;
      if (!counts_here) continue;
      ++counts.at(static_cast<std::size_t>(injection.ambiguity[r]));
    }
    text += fmt::format("{:<5} arcsec {:>9} {:>8} {:>8} {:>8}\n", radii[r], counts[0],
                        counts[1], counts[2], counts[3]);
  }
  return text;
}

std::string offset_text(const RecoverResult& result) {
  const auto& offset = result.offset;
  const bool sky = result.detections.front().frame == recovery::Frame::sky;
  if (offset.matches == 0) return "\nMedian offset of the matches: - (none)\n";
  return fmt::format(
      "\nMedian offset of {} matches, arcsec: {} {:+.3f} +- {:.3f}, {} {:+.3f} +- "
      "{:.3f}\n",
      grouped(offset.matches), sky ? "east" : "x", offset.median.x_arcsec,
      offset.standard_error.x_arcsec, sky ? "north" : "y", offset.median.y_arcsec,
      offset.standard_error.y_arcsec);
}

std::string bin_line(const std::string& name, const recovery::CompletenessBin& bin,
                     bool has_chance) {
  return fmt::format("{:<24} {:>8} {:>10}   {:<22} {}\n", name, bin.recovered.of,
                     bin.recovered.part, fraction_text(bin.recovered),
                     has_chance ? fraction_text(bin.by_chance) : "");
}

std::string completeness_text(const CompletenessOf& by, bool has_chance) {
  std::string text =
      fmt::format("\n{:<24} {:>8} {:>10}   {:<22} {}\n", by.column, "counted",
                  "recovered", "completeness", has_chance ? "by chance" : "");
  for (std::size_t k = 0; k < by.table.bins.size(); ++k) {
    const auto& bin = by.table.bins[k];
    if (bin.recovered.of == 0) continue;  // in the files
    const bool last = k + 1 == by.table.bins.size();
    text +=
        bin_line(fmt::format("[{:g}, {:g}{}", bin.lower, bin.upper, last ? "]" : ")"),
                 bin, has_chance);
  }
  if (by.table.outside.recovered.of > 0) {
    text += bin_line("outside", by.table.outside, has_chance);
  }
  if (by.table.undefined.recovered.of > 0) {
    text += bin_line("undefined", by.table.undefined, has_chance);
  }
  return text;
}

std::string fit_text(const std::string& column, const recovery::CompletenessFit& fit) {
  if (!fit.problem.empty()) {
    return fmt::format("\nFit by {}: none ({})\n", column, fit.problem);
  }
  return fmt::format(
      "\nFit by {}: 50 % at {:.3g} [{:.3g}, {:.3g}], 90 % at {:.3g} [{:.3g}, {:.3g}]\n"
      "  (logistic in ln SNR, {} injections; chance of its chi^2 {:.2f})\n",
      column, fit.snr_50.value, fit.snr_50.lower, fit.snr_50.upper, fit.snr_90.value,
      fit.snr_90.lower, fit.snr_90.upper, grouped(fit.injections), fit.chance_of_chi2);
}

std::string purity_text(const RecoverResult& result) {
  if (!result.request.columns.score) return "\nPurity: not measured (no --score)\n";
  std::string text = fmt::format(
      "\nPurity at this field's density of injections; {} detections of injections "
      "that "
      "do not\ncount are left out.\n{:<12} {:>10} {:>8} {:>6}   {:<22} {}\n",
      result.purity_left_out, "score >=", "detections", "matches", "near", "purity",
      "completeness");
  for (const auto& row : result.purity) {
    text += fmt::format("{:<12.5g} {:>10} {:>8} {:>6}   {:<22} {}\n", row.threshold,
                        row.purity.of, row.purity.part, row.near,
                        fraction_text(row.purity), fraction_text(row.completeness));
  }
  return text;
}

std::string without_trailing_blanks(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result.erase(result.find_last_not_of(' ') + 1);
    result += c;
  }
  return result;
}

}  // namespace

std::string recover_text(const RecoverResult& result) {
  std::string text = files_text(result) + counts_text(result) + ambiguity_text(result) +
                     offset_text(result);
  for (const auto& by : result.completeness) {
    text += completeness_text(by, result.empty.has_value());
  }
  for (const auto& [column, fit] : result.fits) text += fit_text(column, fit);
  if (!result.without_column.empty()) {
    text += fmt::format("\nNot in the truth table: {}\n",
                        fmt::join(result.without_column, ", "));
  }
  return without_trailing_blanks(text + purity_text(result));
}

}  // namespace lensmill::pipeline
