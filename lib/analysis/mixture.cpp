#include "lib/analysis/mixture.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/analysis/estimate.hpp"

namespace lensmill::analysis {
namespace {

// Halvings of [0, 1]: to 1e-12.
constexpr int halvings = 40;

double log_likelihood(std::span<const double> ratios, double f) {
  double sum = 0.0;
  for (const double r : ratios) {
    sum += r > 0.0 ? r + std::log(f + (1.0 - f) * std::exp(-r))
                   : std::log1p(f * std::expm1(r));
  }
  return sum;
}

double slope(std::span<const double> ratios, double f) {
  double sum = 0.0;
  for (const double r : ratios) {
    sum += r > 0.0 ? -std::expm1(-r) / (f + (1.0 - f) * std::exp(-r))
                   : std::expm1(r) / (1.0 + f * std::expm1(r));
  }
  return sum;
}

/// Where `is_left` turns from true to false on [low, high].
template <class Predicate>
double turn(double low, double high, Predicate&& is_left) {
  for (int k = 0; k < halvings; ++k) {
    const double middle = 0.5 * (low + high);
    (is_left(middle) ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

bool MixtureFraction::is_mixed() const {
  return log_over_none > decisive_log_ratio && log_over_all > decisive_log_ratio &&
         better_it >= least_of_each && better_other >= least_of_each;
}

MixtureFraction mixture_fraction(std::span<const double> log_ratios) {
  MixtureFraction result{.n = static_cast<std::int64_t>(log_ratios.size())};
  if (log_ratios.empty()) return result;
  std::vector<double> ratios(log_ratios.begin(), log_ratios.end());
  for (double& r : ratios) r = std::clamp(r, -largest_log_ratio, largest_log_ratio);
  result.better_it =
      std::ranges::count_if(ratios, [](double r) { return r > noticeable_log_ratio; });
  result.better_other =
      std::ranges::count_if(ratios, [](double r) { return r < -noticeable_log_ratio; });
  // The likelihood is concave in f.
  if (slope(ratios, 0.0) <= 0.0) {
    result.value = 0.0;
  } else if (slope(ratios, 1.0) >= 0.0) {
    result.value = 1.0;
  } else {
    result.value = turn(0.0, 1.0, [&](double f) { return slope(ratios, f) > 0.0; });
  }
  const double greatest = log_likelihood(ratios, result.value);
  result.log_over_none = greatest - log_likelihood(ratios, 0.0);
  result.log_over_all = greatest - log_likelihood(ratios, 1.0);
  const double least = greatest - 0.5 * confidence_quantile * confidence_quantile;
  const auto inside = [&](double f) { return log_likelihood(ratios, f) >= least; };
  result.lower =
      inside(0.0) ? 0.0 : turn(0.0, result.value, [&](double f) { return !inside(f); });
  result.upper = inside(1.0) ? 1.0 : turn(result.value, 1.0, inside);
  return result;
}

}  // namespace lensmill::analysis
