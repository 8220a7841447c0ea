#include "lib/analysis/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// Of the replicates, from which on an interval is given.
constexpr double least_defined = 0.9;

}  // namespace

double quantile_of_sorted(std::span<const double> sorted, double p) {
  if (sorted.empty()) return nan;
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

Estimate from_replicates(double value, std::vector<double> replicates) {
  Estimate out{.value = value};
  const auto all = static_cast<double>(replicates.size());
  std::erase_if(replicates, [](double v) { return std::isnan(v); });
  const auto n = static_cast<double>(replicates.size());
  if (std::isnan(value) || n < 2.0 || n < least_defined * all) return out;
  std::ranges::sort(replicates);
  double mean = 0.0;
  for (const double v : replicates) mean += v / n;
  double square = 0.0;
  for (const double v : replicates) square += (v - mean) * (v - mean);
  out.standard_error = std::sqrt(square / (n - 1.0));
  out.lower = quantile_of_sorted(replicates, 0.5 - 0.5 * confidence);
  out.upper = quantile_of_sorted(replicates, 0.5 + 0.5 * confidence);
  return out;
}

Bootstrap::Bootstrap(const GroupedSums& sums, std::uint64_t seed,
                     std::size_t replicates)
    : cells_(sums.cells() + 1),
      quantities_(sums.quantities()),
      replicates_(replicates),
      groups_with_(cells_ * quantities_),
      sums_((1 + replicates) * cells_ * quantities_) {
  EXPECT(replicates > 1);
  std::vector<std::size_t> present;
  for (std::size_t g = 0; g < sums.groups(); ++g) {
    if (sums.rows_in(g) > 0) present.push_back(g);
  }
  groups_ = present.size();

  const std::size_t row = sums.cells() * quantities_;
  by_group_.resize(groups_ * row);
  for (std::size_t g = 0; g < groups_; ++g) {
    for (std::size_t k = 0; k < row; ++k) {
      by_group_[g * row + k] = sums.value(k / quantities_, present[g], k % quantities_);
    }
    for (std::size_t quantity = 0; quantity < quantities_; ++quantity) {
      bool in_any = false;
      for (std::size_t cell = 0; cell < sums.cells(); ++cell) {
        const std::size_t place = cell * quantities_ + quantity;
        const bool is_there = by_group_[g * row + place] != 0.0;
        groups_with_[place] += is_there ? 1 : 0;
        in_any = in_any || is_there;
      }
      groups_with_[sums.cells() * quantities_ + quantity] += in_any ? 1 : 0;
    }
  }
  std::vector<double> weight(groups_);
  for (std::size_t set = 0; set <= replicates; ++set) {
    if (set == 0) {
      std::ranges::fill(weight, 1.0);
    } else {
      std::ranges::fill(weight, 0.0);
      RandomStream stream(seed, static_cast<std::int64_t>(set - 1),
                          StreamTag::analysis_bootstrap);
      for (std::size_t k = 0; k < groups_; ++k) weight[stream.below(groups_)] += 1.0;
    }
    double* const out = sums_.data() + set * cells_ * quantities_;
    for (std::size_t g = 0; g < groups_; ++g) {
      if (weight[g] == 0.0) continue;
      const double* const in = by_group_.data() + g * row;
      for (std::size_t k = 0; k < row; ++k) out[k] += weight[g] * in[k];
    }
    for (std::size_t k = 0; k < row; ++k) out[row + k % quantities_] += out[k];
  }
}

Estimate Bootstrap::estimate(std::size_t cell, const Statistic& statistic) const {
  const double value = statistic(data(cell));
  if (groups_ < 2) return {.value = value};
  std::vector<double> values(replicates_);
  for (std::size_t r = 0; r < replicates_; ++r)
    values[r] = statistic(replicate(r, cell));
  return from_replicates(value, std::move(values));
}

Estimate Bootstrap::jackknife(std::size_t cell, const Statistic& statistic,
                              const JackknifeScale& scale) const {
  Estimate out{.value = statistic(data(cell))};
  if (std::isnan(out.value)) return out;
  std::vector<double> raw, scaled;
  std::vector<double> left(quantities_);
  for (std::size_t g = 0; g < groups_; ++g) {
    std::ranges::copy(data(cell), left.begin());
    bool has_rows = false;
    for (std::size_t c = 0; c < all(); ++c) {
      if (cell != all() && c != cell) continue;
      for (std::size_t k = 0; k < quantities_; ++k) {
        const double part = by_group_[(g * all() + c) * quantities_ + k];
        left[k] -= part;
        has_rows = has_rows || part != 0.0;
      }
    }
    if (!has_rows) continue;
    raw.push_back(statistic(left));
    scaled.push_back(scale.to(raw.back()));
    if (std::isnan(raw.back())) return out;
  }
  if (raw.size() < 3) return out;
  const auto m = static_cast<double>(raw.size());
  const auto moments = [m](const std::vector<double>& values) {
    double mean = 0.0, second = 0.0, fourth = 0.0;
    for (const double value : values) mean += value / m;
    for (const double value : values) {
      const double square = (value - mean) * (value - mean);
      second += square;
      fourth += square * square;
    }
    return std::array{second, fourth};
  };
  out.standard_error = std::sqrt((m - 1.0) / m * moments(raw)[0]);
  const auto [second, fourth] = moments(scaled);
  const double error = std::sqrt((m - 1.0) / m * second);
  const double centre = scale.to(out.value);
  const double excess = second > 0.0 ? m * fourth / (second * second) - 1.0 : 0.0;
  const double quantile =
      excess > 0.0 ? boost::math::quantile(boost::math::students_t(2.0 * m / excess),
                                           0.5 + 0.5 * confidence)
                   : confidence_quantile;
  out.lower = std::min(out.value, scale.from(centre - quantile * error));
  out.upper = std::max(out.value, scale.from(centre + quantile * error));
  return out;
}

}  // namespace lensmill::analysis
