#include "lib/analysis/hypotheses.hpp"

#include <cmath>

namespace lensmill::analysis {
namespace {

double intrinsic(std::span<const double> q) {
  return q[q_split + counter_image] + q[q_split + outer_image] +
         q[q_split + central_image];
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
                                              std::size_t cell, bool legacy_operator) {
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
  add({.id = "H3",
       .statement = "a wrong PSF convolution fills the core",
       .rule = "the difference between the legacy and the correct operator gives most "
               "core flux",
       .effect_is = "share of the core flux that the operator adds",
       .effect = {},
       .probability = StampRow::nan,
       .note =
           legacy_operator
               ? "not measured: this run has the legacy operator, and there is no "
                 "counterfactual run with the correct one beside it"
               : "not measured: needs a counterfactual run with the legacy operator "
                 "(this run has the correct one, so its core flux owes nothing to "
                 "it)"});
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
                   : "says nothing of whether observed lenses look like the simulated "
                     "ones"});
  return out;
}

}  // namespace lensmill::analysis
