#pragma once

#include <string>
#include <vector>

#include "lib/measure/selection.hpp"

namespace lensmill::pipeline {

/// What a selection (`catalogue.keep`) did to the candidates of a shard or a run, with
/// the names of its criteria.
struct SelectionRecord {
  measure::SelectionCounts counts;
  std::vector<std::string> criteria;  ///< measure::Criterion::name, as counts.outside
};

/// Of no candidates yet.
SelectionRecord empty_record(const measure::Selection& selection);

/// The root attribute `selection` of a shard and of NAME.h5: {"candidates": 4096,
/// "failed": 0, "kept": 412, "outside": {"arc_snr.r": 3684}}.
std::string to_json(const SelectionRecord& record);
/// \throws DataError naming the file: not such a text
SelectionRecord selection_from_json(const std::string& text, const std::string& file);

/// "412 of 4,096 candidates kept (10.1 %); outside arc_snr.r: 3,684 (89.9 %); 2 failed"
std::string to_text(const SelectionRecord& record);

}  // namespace lensmill::pipeline
