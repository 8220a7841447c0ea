#pragma once

#include <cstddef>
#include <vector>

#include "pipeline/recover/recover.hpp"

namespace lensmill::pipeline {

/// What the matches say of all detections, file by file of RecoverResult::detections.
struct PassMatches {
  /// The injection's row that a detection is the match of, or recovery::nothing.
  std::vector<std::vector<std::size_t>> row_of_detection;
  /// Detections within the radius of a counted injection that are no match.
  std::vector<std::vector<bool>> is_near;
  std::vector<recovery::Offset> offsets;  ///< of the matches of counted injections
  /// Of all pairs within recovery::offset_search_radii radii (of the first injections,
  /// by injection_id, where there are millions).
  std::vector<recovery::Offset> wide_offsets;
};

/// Match each pass's injections with its detections and with the field without arcs:
/// fills in everything of result.injections but `file`, and makes those states
/// ambiguous that the request says. \param truth positions of the rows; not finite: of
/// none
PassMatches match_passes(RecoverResult& result,
                         const std::vector<recovery::Position>& truth,
                         recovery::Frame frame);

}  // namespace lensmill::pipeline
