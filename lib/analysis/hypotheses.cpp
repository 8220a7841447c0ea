#include "lib/analysis/hypotheses.hpp"

#include <fmt/format.h>

#include <cmath>

namespace lensmill::analysis {
namespace {

constexpr CauseSums steps{
    .first = q_steps, .causes = step_causes, .core = q_step_core, .rows = q_step_rows};
/// Of a lead.
constexpr Thresholds by_lead{.supported_above = least_lead,
                             .refuted_below = -least_lead};
/// Of a share of the core flux: more than half, or less.
constexpr Thresholds by_half{.supported_above = 0.5, .refuted_below = 0.5};
// Core flux fractions that the reference study reports are from 0.1 to 0.4.
constexpr double least_reported_core = 0.1;
constexpr const char* lead_is =
    "lead over the largest other cause, over the core flux (negative: another leads)";

double intrinsic(std::span<const double> q) {
  return q[q_split + counter_image] + q[q_split + outer_image] +
         q[q_split + central_image];
}

/// H2's share in the other account.
std::string extended_note(std::span<const double> q) {
  if (q[q_core] == 0.0) return "";
  return fmt::format(
      "with the source's extent, light of the counter-image before the PSF is {:.1f} % "
      "of the core flux",
      100.0 * q[q_split + counter_image] / q[q_core]);
}

/// H3: the same rows by both operators.
HypothesisResult operator_hypothesis(const Bootstrap* counterfactual,
                                     std::size_t cell) {
  HypothesisResult h{
      .id = "H3",
      .statement = "a wrong PSF convolution fills the core",
      .rule =
          "on the same rows, the difference between the legacy and the correct "
          "operator gives more core flux than counter-image, outer image, central "
          "image or PSF transport of the correct one, by 5 % of the core flux",
      .effect_is = "legacy minus correct operator, over the correct one's core flux",
      .decides_is = lead_is,
      .effect = {},
      .decides = {},
      .thresholds = by_lead,
      .note = "not measured: analyse with --counterfactuals N"};
  if (counterfactual == nullptr) return h;
  if (counterfactual->data(cell)[c_both_rows] == 0.0) {
    h.note = "not measured: no row by both operators";
    return h;
  }
  h.effect = counterfactual->estimate(cell, ratio_of(c_operator, c_both_core));
  h.decides = operator_lead(*counterfactual, cell);
  const auto legacy =
      counterfactual->estimate(cell, mean_of(c_legacy_core, c_both_rows));
  h.note = fmt::format(
      "the legacy operator's core flux fraction is {:.4f}{}; whether data that exist "
      "were made with it is what `lensmill audit` tells",
      legacy.value,
      legacy.upper < least_reported_core
          ? ", which by itself excludes the reference study's 10 to 40 %"
          : "");
  return h;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::supported: return "supported";
    case Verdict::refuted: return "refuted";
    case Verdict::not_decided: return "not decided";
  }
  return "unknown";
}

Verdict verdict_of(const Estimate& decides, const Thresholds& thresholds,
                   std::size_t groups) {
  if (groups < least_groups) return Verdict::not_decided;
  if (decides.lower > thresholds.supported_above) return Verdict::supported;
  if (decides.upper < thresholds.refuted_below) return Verdict::refuted;
  return Verdict::not_decided;
}

Estimate operator_lead(const Bootstrap& counterfactual, std::size_t cell) {
  return counterfactual.estimate(cell, [](std::span<const double> q) {
    const auto split = q.subspan(c_split, split_causes);
    return q[c_both_core] > 0.0
               ? (q[c_operator] - split[largest(split)]) / q[c_both_core]
               : StampRow::nan;
  });
}

std::vector<HypothesisResult> test_hypotheses(const Bootstrap& bootstrap,
                                              std::size_t cell, bool legacy_operator,
                                              const Bootstrap* counterfactual) {
  std::vector<HypothesisResult> out;
  const auto add = [&](HypothesisResult result, std::size_t groups) {
    result.verdict = verdict_of(result.decides, result.thresholds, groups);
    out.push_back(std::move(result));
  };
  const std::size_t groups = bootstrap.groups_with(cell, q_step_rows);
  add({.id = "H1",
       .statement = "the source's extent fills the core",
       .rule = "of point-like images by kind, the source's extent and the PSF, the "
               "extent gives most core flux, by 5 % of it",
       .effect_is = "share of the core flux that the source's extent adds",
       .decides_is = lead_is,
       .effect =
           bootstrap.estimate(cell, ratio_of(q_steps + source_extent, q_step_core)),
       .decides = lead_of(bootstrap, cell, steps, source_extent),
       .thresholds = by_lead,
       .note = ""},
      groups);
  add({.id = "H2",
       .statement = "the counter-image of a source inside the caustic fills the core",
       .rule = "of point-like images by kind, the source's extent and the PSF, the "
               "point-like counter-image gives most core flux, by 5 % of it",
       .effect_is =
           "share of the core flux that is a point-like source's counter-image",
       .decides_is = lead_is,
       .effect =
           bootstrap.estimate(cell, ratio_of(q_steps + point_counter, q_step_core)),
       .decides = lead_of(bootstrap, cell, steps, point_counter),
       .thresholds = by_lead,
       .note = extended_note(bootstrap.data(cell))},
      groups);
  add(operator_hypothesis(counterfactual, cell),
      counterfactual == nullptr ? 0 : counterfactual->groups_with(cell, c_both_rows));
  const bool measured = bootstrap.data(cell)[q_core_rows] > 0.0 && !legacy_operator;
  const auto before_psf = bootstrap.estimate(cell, [](std::span<const double> q) {
    return q[q_core] == 0.0 ? StampRow::nan : intrinsic(q) / q[q_core];
  });
  add({.id = "H4",
       .statement = "core flux is lensed light that belongs there",
       .rule = "light in the core before any PSF is more than half of the core flux, "
               "and the operator is the correct one",
       .effect_is = "share of the core flux that is in the core before the PSF",
       .decides_is = "the same",
       .effect = before_psf,
       .decides = measured ? before_psf : Estimate{},
       .thresholds = by_half,
       .note = legacy_operator
                   ? "not decided: this run has the legacy operator"
                   : "cannot say whether observed lenses look like the simulated "
                     "ones"},
      bootstrap.groups_with(cell, q_core_rows));
  return out;
}

}  // namespace lensmill::analysis
