#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/measure/selection.hpp"
#include "pipeline/archive/shard_plan.hpp"
#include "pipeline/session/cost.hpp"

namespace lensmill::pipeline {

/// What a run will take on a number of ranks with a disk of a given speed.
struct RunForecast {
  double compute_seconds = 0.0;
  double writing_seconds = 0.0;
  double seconds = 0.0;        ///< the larger of the two: groups write by turns
  double shard_seconds = 0.0;  ///< one shard, of one rank's work
  double bytes = 0.0;
  double shard_bytes = 0.0;
  std::int64_t files = 0;  ///< shards; the file over them, run.yaml, a log, the lock
  /// For the batch system: half as long again and ten minutes, in steps of ten minutes,
  /// at most a day; a job that needs longer is requeued.
  std::int64_t time_limit_minutes = 0;
  std::int64_t starts = 1;  ///< of the job, with that limit
};

/// \pre ranks > 0, disk_mb_per_s > 0
RunForecast forecast_run(const ShardPlan& plan, const RunCost& cost, int ranks,
                         double disk_mb_per_s);

/// A run with `catalogue.keep`, if its candidates are kept as those of a sample.
struct ExpectedSelection {
  double acceptance = 0.0;       ///< of the sample; with none kept the least allowed
  double low = 0.0, high = 0.0;  ///< its 95 % interval (Wilson's)
  ShardPlan plan;                ///< of the candidates that it will take
};
/// \param blocks of candidates, as many as the run may try
ExpectedSelection expect_selection(const measure::SelectionCounts& sample,
                                   const ShardPlan& blocks, std::int64_t wanted,
                                   double min_acceptance);
/// "about 18.5 % of candidates (...): 108,000 for 20,000 rows; 27 ms of a core each"
std::string to_text(const ExpectedSelection& expected, std::int64_t wanted,
                    const RunCost& cost);

/// "sbatch --ntasks=64 --time=02:40:00 --mem-per-cpu=256M jobs/regenerate.sbatch ...",
/// the arguments quoted for a shell; with a remark if one time limit does not suffice.
std::string sbatch_line(const RunForecast& forecast, const RunCost& cost, int ranks,
                        const std::vector<std::string>& arguments);

}  // namespace lensmill::pipeline
