#include "lib/catalogue/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lensmill::catalogue {
namespace {

constexpr double largest_below_one = 1.0 - std::numeric_limits<double>::epsilon() / 2;

/// Distribution function of the standard normal.
double standard_normal_cdf(double z) {
  return 0.5 * std::erfc(-z * std::numbers::sqrt2 / 2.0);
}

/// Standard normal truncated to [a, b], at cumulative probability u.
double truncated_normal_quantile(double a, double b, double u) {
  // In the upper tail the probabilities crowd at 1: work in the mirror image.
  if (a > 0.0) return -truncated_normal_quantile(-b, -a, 1.0 - u);
  const double below_a = standard_normal_cdf(a);
  const double below_b = standard_normal_cdf(b);
  // Rounding must not make it 1, whose quantile is infinite.
  const double p = std::min(below_a + u * (below_b - below_a), largest_below_one);
  return std::clamp(standard_normal_quantile(p), a, b);
}

/// Index drawn with probability proportional to the weights; the part of u that the
/// index leaves over, itself uniform in (0, 1), goes to `rest`.
std::size_t weighted_index(const std::vector<double>& weights, double u, double& rest) {
  double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0.0) continue;
    last = i;
    if (left < weights[i]) break;
    left -= weights[i];
  }
  // Rounding may leave `left` a hair beyond the last bin.
  rest = std::min(left / weights[last], 1.0);
  return last;
}

struct Quantile {
  double u;

  double operator()(const Constant& s) const { return s.value; }
  double operator()(const Uniform& s) const { return s.min + u * (s.max - s.min); }
  double operator()(const Normal& s) const {
    if (s.tails == Tails::clip) {
      return std::clamp(s.mean + s.sigma * standard_normal_quantile(u), s.min, s.max);
    }
    const double z = truncated_normal_quantile((s.min - s.mean) / s.sigma,
                                               (s.max - s.mean) / s.sigma, u);
    return std::clamp(s.mean + s.sigma * z, s.min, s.max);
  }
  double operator()(const Lognormal& s) const {
    const double mean = std::log10(s.median);
    const double z =
        truncated_normal_quantile((std::log10(s.min) - mean) / s.sigma_dex,
                                  (std::log10(s.max) - mean) / s.sigma_dex, u);
    return std::clamp(s.median * std::pow(10.0, s.sigma_dex * z), s.min, s.max);
  }
  double operator()(const Choice& s) const {
    if (s.weights.empty()) {
      const auto n = s.values.size();
      const auto i = static_cast<std::size_t>(u * static_cast<double>(n));
      return s.values[std::min(i, n - 1)];
    }
    double rest = 0.0;
    return s.values[weighted_index(s.weights, u, rest)];
  }
  double operator()(const PowerLaw& s) const {
    // x^(index+1) is uniform; written with expm1 so that index -> -1 (uniform in log x)
    // is approached without cancellation.
    const double power = s.index + 1.0;
    const double log_ratio = std::log(s.max / s.min);
    const double log_x = power == 0.0
                             ? u * log_ratio
                             : std::log1p(u * std::expm1(power * log_ratio)) / power;
    return std::clamp(s.min * std::exp(log_x), s.min, s.max);
  }
  double operator()(const Histogram& s) const {
    double rest = 0.0;
    const auto bin = weighted_index(s.weights, u, rest);
    return s.edges[bin] + rest * (s.edges[bin + 1] - s.edges[bin]);
  }
};

}  // namespace

double quantile(const Sampler& sampler, double u) {
  return std::visit(Quantile{u}, sampler);
}

double draw(const Sampler& sampler, RandomStream& stream) {
  return quantile(sampler, stream.uniform());
}

}  // namespace lensmill::catalogue
