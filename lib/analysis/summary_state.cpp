#include "lib/analysis/summary_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/core/contracts.hpp"
#include "lib/core/status.hpp"

namespace lensmill::analysis::state {
namespace {

constexpr double units_per_one = 0x1p40;
constexpr int low_bits = 31;
constexpr std::int64_t low_mask = (std::int64_t{1} << low_bits) - 1;

}  // namespace

void add_to_histogram(const HistogramShape& shape, std::span<std::int64_t> bins,
                      double value) {
  EXPECT(value >= 0.0 && bins.size() == shape.size());
  const double bin =
      std::min(value * shape.bins_per_unit, static_cast<double>(shape.bins));
  ++bins[static_cast<std::size_t>(bin)];
}

double quantile(const HistogramShape& shape, std::span<const std::int64_t> bins,
                double p) {
  const auto total = std::accumulate(bins.begin(), bins.end(), std::int64_t{0});
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = p * static_cast<double>(total);
  std::int64_t below = 0;
  for (std::size_t i = 0; i < shape.bins; ++i) {
    const std::int64_t here = bins[i];
    if (here > 0 && static_cast<double>(below + here) >= wanted) {
      const double part =
          (wanted - static_cast<double>(below)) / static_cast<double>(here);
      return (static_cast<double>(i) + part) / shape.bins_per_unit;
    }
    below += here;
  }
  return std::numeric_limits<double>::infinity();
}

void add_to_sum(FixedSum sum, double value) {
  EXPECT(std::abs(value) <= largest_term);
  const auto units = static_cast<std::int64_t>(std::nearbyint(value * units_per_one));
  sum[0] += units >> low_bits;  // rounds down, so that the low part is not negative
  sum[1] += units & low_mask;
}

double value_of(std::span<const std::int64_t, 2> sum) {
  const double high = std::ldexp(static_cast<double>(sum[0]), low_bits);
  return (high + static_cast<double>(sum[1])) / units_per_one;
}

std::size_t offset_histogram() { return first_status + all_statuses.size(); }

std::size_t group(std::size_t index) {
  return offset_histogram() + offset_shape.size() + index * group_size;
}

std::size_t size(std::size_t theta_e_bins) { return group(1 + theta_e_bins); }

}  // namespace lensmill::analysis::state
