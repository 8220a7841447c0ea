#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/session/timings.hpp"

namespace lensmill::pipeline {

/// What one rank did in a job.
struct RankTimes {
  int rank = 0;
  std::string host;
  std::int64_t rows = 0;
  std::vector<double> stages_s;
  double reading_s = 0.0, checksums_s = 0.0, writing_s = 0.0, waiting_s = 0.0;
  double wall_s = 0.0;  ///< from the first shard asked for to the last one's end
  std::int64_t peak_memory_bytes = 0;

  double rendering_s() const;  ///< in all stages
};

/// Every rank's, on the root; elsewhere nothing. \collective
std::vector<RankTimes> gather_rank_times(const Timings& timings, double wall_s,
                                         const parallel::Communicator& world);

/// One JSON object a line, one line a rank, times by the stages' names.
std::string rank_lines(const std::vector<RankTimes>& ranks,
                       const std::vector<std::string>& stage_names);

/// "lens 52 %, convolve 20 %, ..., writing 9 %" of all ranks' time.
std::string shares_of_time(const std::vector<RankTimes>& ranks,
                           const std::vector<std::string>& stage_names);

/// Share of ranks' wall time spent on rows: rendering, reading, checksums, writing.
/// What is left is waiting: for a group's other ranks, for shards, at the end for the
/// last.
double efficiency(const std::vector<RankTimes>& ranks);

/// Sentences that name ranks which take more than `slow_factor` times the median
/// rendering time per row, the slowest first, at most five; "" if there are none.
inline constexpr double slow_factor = 1.5;
std::string stragglers(const std::vector<RankTimes>& ranks);

}  // namespace lensmill::pipeline
