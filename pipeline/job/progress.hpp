#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "pipeline/archive/kept_so_far.hpp"
#include "pipeline/archive/run_folder.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// The progress line of a run: rows done of all, rate, time left. What is done is told
/// from the shards that exist, so that other groups' and other jobs' work counts; the
/// shard in hand is estimated from this rank's rows. On a terminal twice a second, in a
/// batch log every 30 s.
class Progress {
 public:
  /// \param own_ranks ranks that work on this rank's shard with it
  /// \param kept of a run with a selection: then rows are candidates, and what is left
  /// is told from the share that is kept; else null
  Progress(Log& log, const RunFolder& folder, const ShardPlan& plan, int own_ranks,
           const KeptSoFar* kept = nullptr);

  /// This rank begins a shard of `rows` rows.
  void begin_shard(std::int64_t rows);
  /// This rank has done one row of it.
  void row_done();
  void end_shard() { shard_rows_ = own_rows_ = 0; }

 private:
  using Clock = std::chrono::steady_clock;
  std::int64_t rows_in_finished_shards() const;
  void print(Clock::time_point now);
  /// Kept rows and candidates that are left, from what is kept so far.
  std::string selection_text(std::int64_t done, double rate) const;

  Log& log_;
  const RunFolder& folder_;
  ShardPlan plan_;
  int own_ranks_;
  const KeptSoFar* kept_;
  Clock::duration interval_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
  std::int64_t rows_at_start_ = 0;
  std::int64_t shard_rows_ = 0;
  std::int64_t own_rows_ = 0;
};

}  // namespace lensmill::pipeline
