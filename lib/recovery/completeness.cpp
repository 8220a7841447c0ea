#include "lib/recovery/completeness.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "lib/core/contracts.hpp"

namespace lensmill::recovery {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

void add(const Trial& trial, CompletenessBin& bin) {
  ++bin.recovered.of;
  ++bin.by_chance.of;
  if (trial.recovered) ++bin.recovered.part;
  if (trial.by_chance) ++bin.by_chance.part;
}

}  // namespace

analysis::Estimate Fraction::estimate() const {
  auto estimate = analysis::wilson(part, of);
  if (of < least_for_value) estimate.value = estimate.standard_error = none;
  return estimate;
}

CompletenessTable completeness_by(const analysis::Bins& bins,
                                  std::span<const Trial> trials) {
  CompletenessTable table;
  for (std::size_t k = 0; k < bins.count(); ++k) {
    table.bins.push_back({.lower = bins.lower(k),
                          .upper = bins.upper(k),
                          .recovered = {},
                          .by_chance = {}});
  }
  table.outside.lower = table.outside.upper = none;
  table.undefined.lower = table.undefined.upper = none;
  for (const auto& trial : trials) {
    const auto bin = bins.of(trial.variable);
    add(trial, !std::isfinite(trial.variable) ? table.undefined
               : bin < bins.count()           ? table.bins[bin]
                                              : table.outside);
  }
  return table;
}

std::vector<PurityRow> purity_by_threshold(std::span<const ScoredDetection> detections,
                                           std::int64_t injections,
                                           std::size_t most_thresholds) {
  EXPECT(most_thresholds > 0);
  std::vector<ScoredDetection> sorted(detections.begin(), detections.end());
  std::ranges::sort(sorted, {}, &ScoredDetection::score);
  std::vector<double> thresholds;
  for (std::size_t k = 0; k < most_thresholds && !sorted.empty(); ++k) {
    thresholds.push_back(sorted[k * sorted.size() / most_thresholds].score);
  }
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  std::vector<PurityRow> rows;
  for (const double threshold : thresholds) {
    PurityRow row{
        .threshold = threshold, .purity = {}, .completeness = {0, injections}};
    for (auto at =
             std::ranges::lower_bound(sorted, threshold, {}, &ScoredDetection::score);
         at != sorted.end(); ++at) {
      ++row.purity.of;
      if (at->is_match) ++row.purity.part;
      if (at->is_near) ++row.near;
    }
    row.completeness.part = row.purity.part;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace lensmill::recovery
