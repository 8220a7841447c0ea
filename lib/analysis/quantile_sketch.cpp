#include "lib/analysis/quantile_sketch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

QuantileSketch::QuantileSketch(double lower, double upper)
    : lower_(lower),
      per_bin_(upper > lower ? static_cast<double>(bins) / (upper - lower) : 0.0),
      counts_(bins),
      extremes_(2 * bins, std::numeric_limits<double>::infinity()) {
  EXPECT(lower <= upper && std::isfinite(upper - lower));
}

void QuantileSketch::add(double value) {
  if (std::isnan(value)) return;
  const double place = std::clamp((value - lower_) * per_bin_, 0.0, bins - 1.0);
  const auto bin = static_cast<std::size_t>(place);
  ++counts_[bin];
  extremes_[bin] = std::min(extremes_[bin], value);
  extremes_[bins + bin] = std::min(extremes_[bins + bin], -value);
}

std::int64_t QuantileSketch::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

double QuantileSketch::quantile(double p) const {
  EXPECT(p >= 0.0 && p <= 1.0);
  const std::int64_t n = count();
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = p * static_cast<double>(n - 1);
  // The value of a rank: within its bin, ranks are spread evenly from the smallest to
  // the largest value.
  const auto of_rank = [&](std::int64_t rank) {
    std::int64_t below = 0;
    std::size_t bin = 0;
    while (below + counts_[bin] <= rank) below += counts_[bin++];
    const double low = extremes_[bin];
    const double high = -extremes_[bins + bin];
    if (counts_[bin] == 1) return low;
    return low + (high - low) * static_cast<double>(rank - below) /
                     static_cast<double>(counts_[bin] - 1);
  };
  const auto rank = static_cast<std::int64_t>(wanted);
  const double low = of_rank(rank);
  if (rank + 1 >= n) return low;
  return low + (wanted - static_cast<double>(rank)) * (of_rank(rank + 1) - low);
}

}  // namespace lensmill::analysis
