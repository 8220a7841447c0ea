#include <fmt/format.h>

#include "lib/catalogue/plan.hpp"
#include "lib/catalogue/value_sources.hpp"

namespace lensmill::catalogue {
namespace {

std::string range_problem(const Quantity& quantity, const Sampler& sampler) {
  const auto& range = quantity.range;
  if (const auto* choice = std::get_if<Choice>(&sampler)) {
    for (double value : choice->values) {
      if (range.contains(value)) continue;
      return fmt::format("must be {} (got {} among the choices)", range.text(), value);
    }
    return {};
  }
  if (const auto* constant = std::get_if<Constant>(&sampler)) {
    if (range.contains(constant->value)) return {};
    return range.refusal(constant->value);
  }
  if (range.integer) {
    return fmt::format("must be {}: use `choice`", range.text());
  }
  for (double u : {tail_probability, 1.0 - tail_probability}) {
    const double value = quantile(sampler, u);
    if (range.contains(value)) continue;
    return fmt::format(
        "must be {} (the prior reaches {:.6g}); bound it with min and max",
        range.text(), value);
  }
  return {};
}

}  // namespace

std::string prior_problem(const Quantity& quantity, const Prior& prior) {
  const bool is_offset = quantity.name == "src_offset";
  if (std::holds_alternative<Disc>(prior) != is_offset) {
    return is_offset ? "must be a disc (for a distribution of the distance use "
                       "src_offset_arcsec or src_offset_over_theta_e with "
                       "src_offset_phi_rad)"
                     : "a disc is for src_offset only";
  }
  const bool is_shape = quantity.name == "lens_q" || quantity.name == "lens_phi_rad";
  if (std::holds_alternative<FromHost>(prior) && !is_shape) {
    return "from_host is for lens_q and lens_phi_rad only";
  }
  if (std::holds_alternative<FaberJackson>(prior) &&
      quantity.name != "lens_sigma_v_km_s") {
    return "faber_jackson is for lens_sigma_v_km_s only";
  }
  auto problem = problem_of(prior);
  if (!problem.empty()) return problem;
  if (const auto* sampler = std::get_if<Sampler>(&prior)) {
    return range_problem(quantity, *sampler);
  }
  if (const auto* multiple = std::get_if<MultipleOf>(&prior)) {
    if (!find_quantity(multiple->column)) {
      return fmt::format("multiple: unknown column `{}`", multiple->column);
    }
  }
  return {};
}

}  // namespace lensmill::catalogue
