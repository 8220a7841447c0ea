#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/catalogue/sampler.hpp"

namespace lensmill::catalogue {
namespace {

// Below this the truncated distribution is a far tail that the user hardly meant, and
// the distribution function has lost its digits.
constexpr double least_mass_kept = 1.0e-9;

// exp of this is still finite.
constexpr double largest_log_range = 700.0;

/// Probability that a standard normal lies in [a, b].
double normal_mass(double a, double b) {
  if (a > 0.0) return normal_mass(-b, -a);
  return 0.5 * (std::erfc(-b * std::numbers::sqrt2 / 2.0) -
                std::erfc(-a * std::numbers::sqrt2 / 2.0));
}

std::string truncation_problem(double a, double b) {
  const double mass = normal_mass(a, b);
  if (mass >= least_mass_kept) return {};
  return fmt::format("keeps only {:.1g} of the distribution between min and max", mass);
}

std::string weights_problem(const std::vector<double>& weights, std::size_t wanted,
                            std::string_view what) {
  if (weights.size() != wanted) {
    return fmt::format("must have one weight per {} (got {} for {})", what,
                       weights.size(), wanted);
  }
  double sum = 0.0;
  for (double w : weights) {
    if (!(w >= 0.0) || std::isinf(w)) {
      return fmt::format("weights must be finite and >= 0 (got {})", w);
    }
    sum += w;
  }
  return sum > 0.0 && std::isfinite(sum) ? std::string{}
                                         : "weights must have a positive, finite sum";
}

struct Problem {
  std::string operator()(const Constant& s) const {
    return std::isfinite(s.value) ? std::string{}
                                  : fmt::format("must be finite (got {})", s.value);
  }
  std::string operator()(const Uniform& s) const {
    if (!std::isfinite(s.min) || !std::isfinite(s.max) || s.min >= s.max) {
      return fmt::format("uniform: min must be < max, both finite (got [{}, {}])",
                         s.min, s.max);
    }
    return {};
  }
  std::string operator()(const Normal& s) const {
    if (!std::isfinite(s.mean)) {
      return fmt::format("normal: mean must be finite (got {})", s.mean);
    }
    if (!(s.sigma > 0.0) || std::isinf(s.sigma)) {
      return fmt::format("normal: sigma must be > 0 and finite (got {})", s.sigma);
    }
    if (!(s.min < s.max)) {
      return fmt::format("normal: min must be < max (got {} and {})", s.min, s.max);
    }
    if (s.tails == Tails::clip) return {};
    return prefixed("normal", truncation_problem((s.min - s.mean) / s.sigma,
                                                 (s.max - s.mean) / s.sigma));
  }
  std::string operator()(const Lognormal& s) const {
    if (!(s.median > 0.0) || std::isinf(s.median)) {
      return fmt::format("lognormal: median must be > 0 and finite (got {})", s.median);
    }
    if (!(s.sigma_dex > 0.0) || std::isinf(s.sigma_dex)) {
      return fmt::format("lognormal: sigma_dex must be > 0 and finite (got {})",
                         s.sigma_dex);
    }
    if (!(s.min >= 0.0) || !(s.min < s.max)) {
      return fmt::format("lognormal: must have 0 <= min < max (got {} and {})", s.min,
                         s.max);
    }
    return prefixed("lognormal",
                    truncation_problem(std::log10(s.min / s.median) / s.sigma_dex,
                                       std::log10(s.max / s.median) / s.sigma_dex));
  }
  std::string operator()(const Choice& s) const {
    if (s.values.empty()) return "choice: must have at least one value";
    for (double v : s.values) {
      if (!std::isfinite(v)) {
        return fmt::format("choice: values must be finite (got {})", v);
      }
    }
    if (s.weights.empty()) return {};
    return prefixed("choice", weights_problem(s.weights, s.values.size(), "value"));
  }
  std::string operator()(const PowerLaw& s) const {
    if (!std::isfinite(s.index)) {
      return fmt::format("power_law: index must be finite (got {})", s.index);
    }
    if (!(s.min > 0.0) || !(s.min < s.max) || std::isinf(s.max)) {
      return fmt::format("power_law: must have 0 < min < max < inf (got {} and {})",
                         s.min, s.max);
    }
    if (std::abs((s.index + 1.0) * std::log(s.max / s.min)) > largest_log_range) {
      return fmt::format("power_law: x^(index+1) spans too many decades (index {})",
                         s.index);
    }
    return {};
  }
  std::string operator()(const Histogram& s) const {
    if (s.edges.size() < 2) {
      return fmt::format("histogram: must have at least 2 edges (got {})",
                         s.edges.size());
    }
    for (std::size_t i = 0; i < s.edges.size(); ++i) {
      if (!std::isfinite(s.edges[i]) || (i > 0 && s.edges[i] <= s.edges[i - 1])) {
        return fmt::format("histogram: edges must be finite and ascend (edge {} is {})",
                           i + 1, s.edges[i]);
      }
    }
    return prefixed("histogram", weights_problem(s.weights, s.edges.size() - 1, "bin"));
  }
  std::string operator()(const Disc& s) const {
    if (s.radius_arcsec.has_value() == s.radius_over_theta_e.has_value()) {
      return "disc: must have exactly one of radius_arcsec, radius_over_theta_e";
    }
    const double radius = s.radius_arcsec ? *s.radius_arcsec : *s.radius_over_theta_e;
    if (!(radius >= 0.0) || std::isinf(radius)) {
      return fmt::format("disc: radius must be >= 0 and finite (got {})", radius);
    }
    return {};
  }
  std::string operator()(const MultipleOf& s) const {
    return std::isfinite(s.factor)
               ? std::string{}
               : fmt::format("multiple: factor must be finite (got {})", s.factor);
  }
  std::string operator()(const FromHost& s) const {
    if (!(s.sigma >= 0.0) || std::isinf(s.sigma)) {
      return fmt::format("from_host: sigma must be >= 0 and finite (got {})", s.sigma);
    }
    if (s.min >= 0.0 && s.min < 1.0) return {};
    return fmt::format("from_host: min must be in [0, 1) (got {})", s.min);
  }
  std::string operator()(const FaberJackson& s) const {
    if (!(s.sigma_v_star_km_s > 0.0)) {
      return fmt::format("faber_jackson: sigma_v_star_km_s must be > 0 (got {})",
                         s.sigma_v_star_km_s);
    }
    if (!(s.exponent > 0.0)) {
      return fmt::format("faber_jackson: exponent must be > 0 (got {})", s.exponent);
    }
    if (!(s.scatter_dex >= 0.0)) {
      return fmt::format("faber_jackson: scatter_dex must be >= 0 (got {})",
                         s.scatter_dex);
    }
    return {};
  }
  std::string operator()(const Sampler& s) const { return problem_of(s); }

 private:
  static std::string prefixed(std::string_view name, const std::string& problem) {
    return problem.empty() ? problem : fmt::format("{}: {}", name, problem);
  }
};

struct SupportOf {
  Support operator()(const Constant& s) const { return {s.value, s.value}; }
  Support operator()(const Choice& s) const {
    const auto [low, high] = std::minmax_element(s.values.begin(), s.values.end());
    return {*low, *high};
  }
  Support operator()(const Histogram& s) const {
    return {s.edges.front(), s.edges.back()};
  }
  template <class Bounded>
  Support operator()(const Bounded& s) const {
    return {s.min, s.max};
  }
};

}  // namespace

std::string problem_of(const Sampler& sampler) {
  return std::visit(Problem{}, sampler);
}
std::string problem_of(const Prior& prior) { return std::visit(Problem{}, prior); }
Support support_of(const Sampler& sampler) { return std::visit(SupportOf{}, sampler); }

}  // namespace lensmill::catalogue
