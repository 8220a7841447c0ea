#include "lib/analysis/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

constexpr double z = confidence_quantile;
static_assert(confidence == 0.90);

}  // namespace

Mean mean_of(std::span<const double> values) {
  Mean mean;
  double sum = 0.0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    ++mean.n;
    sum += value;
  }
  if (mean.n == 0) return mean;
  const auto n = static_cast<double>(mean.n);
  mean.value = sum / n;
  if (mean.n == 1) return mean;
  double squares = 0.0;
  for (const double value : values) {
    if (std::isfinite(value)) squares += (value - mean.value) * (value - mean.value);
  }
  mean.standard_error = std::sqrt(squares / (n - 1.0) / n);
  return mean;
}

Mean mean_of_sums(double n, double sum, double square) {
  Mean mean{.n = static_cast<std::int64_t>(n)};
  if (mean.n == 0) return mean;
  mean.value = sum / n;
  if (mean.n == 1) return mean;
  const double scatter = std::max(square / n - mean.value * mean.value, 0.0);
  mean.standard_error = std::sqrt(scatter / (n - 1.0));
  return mean;
}

Estimate wilson(std::int64_t part, std::int64_t of) {
  EXPECT(part >= 0 && part <= of);
  if (of == 0) return {};
  const auto n = static_cast<double>(of);
  const double p = static_cast<double>(part) / n;
  const double shrink = 1.0 + z * z / n;
  const double centre = (p + 0.5 * z * z / n) / shrink;
  const double half =
      z / shrink * std::sqrt(p * (1.0 - p) / n + 0.25 * z * z / (n * n));
  // The ends are exactly 0 and 1 for no and for all of the rows.
  return {.value = p,
          .standard_error = std::sqrt(p * (1.0 - p) / n),
          .lower = part == 0 ? 0.0 : std::max(0.0, centre - half),
          .upper = part == of ? 1.0 : std::min(1.0, centre + half)};
}

}  // namespace lensmill::analysis
