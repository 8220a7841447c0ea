#include "lib/analysis/hypotheses.hpp"

#include <fmt/format.h>

#include <cmath>

namespace lensmill::analysis {
namespace {

double intrinsic(std::span<const double> q) {
  return q[q_split + counter_image] + q[q_split + outer_image] +
         q[q_split + central_image];
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
          "image or PSF transport of the correct one",
      .effect_is = "legacy minus correct operator, over the correct one's core flux",
      .effect = {},
      .note = "not measured: analyse with --counterfactuals N"};
  if (counterfactual == nullptr) return h;
  if (counterfactual->data(cell)[c_both_rows] == 0.0) {
    h.note = "not measured: no row by both operators";
    return h;
  }
  h.effect = counterfactual->estimate(cell, ratio_of(c_operator, c_both_core));
  h.probability = counterfactual->probability(cell, [](std::span<const double> q) {
    const auto split = q.subspan(c_split, split_causes);
    return q[c_operator] > split[largest(split)];
  });
  const auto legacy = mean_of(c_legacy_core, c_both_rows)(counterfactual->data(cell));
  h.note = fmt::format("the legacy operator's core flux fraction is {:.4f}", legacy);
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

Verdict verdict_of(double probability) {
  if (probability > confidence) return Verdict::supported;
  if (probability < 1.0 - confidence) return Verdict::refuted;
  return Verdict::not_decided;
}

double leads_probability(const Bootstrap& bootstrap, std::size_t cell,
                         std::size_t first, std::size_t causes, std::size_t cause) {
  bool defined = false;
  for (std::size_t k = 0; k < causes; ++k) {
    defined = defined || bootstrap.data(cell)[first + k] != 0.0;
  }
  if (!defined) return StampRow::nan;
  return bootstrap.probability(cell, [&](std::span<const double> q) {
    return largest(q.subspan(first, causes)) == cause;
  });
}

std::vector<HypothesisResult> test_hypotheses(const Bootstrap& bootstrap,
                                              std::size_t cell, bool legacy_operator,
                                              const Bootstrap* counterfactual) {
  std::vector<HypothesisResult> out;
  const auto add = [&](HypothesisResult result) {
    result.verdict = verdict_of(result.probability);
    out.push_back(std::move(result));
  };
  add({.id = "H1",
       .statement = "the source's extent fills the core",
       .rule = "of point-like images by kind, the source's extent and the PSF, the "
               "extent gives most core flux",
       .effect_is = "share of the core flux that the source's extent adds",
       .effect =
           bootstrap.estimate(cell, ratio_of(q_steps + source_extent, q_step_core)),
       .probability =
           leads_probability(bootstrap, cell, q_steps, step_causes, source_extent),
       .note = ""});
  add({.id = "H2",
       .statement = "the counter-image of a source inside the caustic fills the core",
       .rule = "of counter-image, outer image, central image and PSF transport, the "
               "counter-image gives most core flux",
       .effect_is = "share of the core flux that is counter-image before the PSF",
       .effect = bootstrap.estimate(cell, ratio_of(q_split + counter_image, q_core)),
       .probability =
           leads_probability(bootstrap, cell, q_split, split_causes, counter_image),
       .note = ""});
  add(operator_hypothesis(counterfactual, cell));
  const auto& data = bootstrap.data(cell);
  const bool measured = data[q_core_rows] > 0.0 && !legacy_operator;
  add({.id = "H4",
       .statement = "core flux is lensed light that belongs there",
       .rule = "light in the core before any PSF is more than half of the core flux, "
               "and the operator is the correct one",
       .effect_is = "share of the core flux that is in the core before the PSF",
       .effect = bootstrap.estimate(cell,
                                    [](std::span<const double> q) {
                                      return q[q_core] == 0.0
                                                 ? StampRow::nan
                                                 : intrinsic(q) / q[q_core];
                                    }),
       .probability = measured ? bootstrap.probability(cell,
                                                       [](std::span<const double> q) {
                                                         return intrinsic(q) >
                                                                0.5 * q[q_core];
                                                       })
                               : StampRow::nan,
       .note = legacy_operator
                   ? "not decided: this run has the legacy operator"
                   : "cannot say whether observed lenses look like the simulated "
                     "ones"});
  return out;
}

}  // namespace lensmill::analysis
