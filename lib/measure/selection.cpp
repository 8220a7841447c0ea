#include "lib/measure/selection.hpp"

#include <algorithm>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {

SelectionCounts& SelectionCounts::operator+=(const SelectionCounts& other) {
  candidates += other.candidates;
  failed += other.failed;
  kept += other.kept;
  outside.resize(std::max(outside.size(), other.outside.size()));
  for (std::size_t k = 0; k < other.outside.size(); ++k) outside[k] += other.outside[k];
  return *this;
}

Selection::Selection(MeasurementSchema schema, const BandNames& bands,
                     std::vector<Criterion> criteria)
    : schema_(std::move(schema)), criteria_(std::move(criteria)) {
  for (const auto& criterion : criteria_) {
    const auto column =
        std::ranges::find(schema_.columns(), criterion.column, &ColumnInfo::name);
    EXPECT(column != schema_.columns().end());
    const auto band = criterion.band.empty() ? bands.begin()
                                             : std::ranges::find(bands, criterion.band);
    EXPECT(band != bands.end());
    places_.push_back(
        {.column = static_cast<std::size_t>(column - schema_.columns().begin()),
         .band = static_cast<std::size_t>(band - bands.begin())});
  }
}

SelectionCounts Selection::no_counts() const {
  SelectionCounts counts;
  counts.outside.assign(criteria_.size(), 0);
  return counts;
}

bool Selection::keeps(const Measurement& measurement, SelectionCounts& counts) const {
  EXPECT(counts.outside.size() == criteria_.size());
  ++counts.candidates;
  if (is_failure(measurement.status)) {
    ++counts.failed;
    return false;
  }
  bool kept = true;
  for (std::size_t k = 0; k < criteria_.size(); ++k) {
    const double value = schema_.value(measurement, places_[k].column, places_[k].band);
    if (criteria_[k].interval.contains(value)) continue;
    ++counts.outside[k];
    kept = false;
  }
  counts.kept += kept ? 1 : 0;
  return kept;
}

}  // namespace lensmill::measure
