#pragma once

#include <cstdint>

#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// What a run will take, from rendering some of its rows here and now.
struct RunCost {
  std::int64_t rows_timed = 0;
  double seconds_per_row = 0.0;  ///< of one core, without writing
  std::size_t row_bytes = 0;
  std::int64_t memory_bytes = 0;  ///< per rank, batch and all
};

/// Render rows spread over the run for about `seconds` (at least one row). \independent
/// \throws DataError for a row that cannot be drawn
RunCost estimate_cost(const Session& session, double seconds);

}  // namespace lensmill::pipeline
