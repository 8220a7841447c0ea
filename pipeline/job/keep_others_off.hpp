#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/io/claim.hpp"
#include "lib/io/range_lock.hpp"
#include "pipeline/archive/run_folder.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// What keeps other jobs off some shards while it exists: a lock where the file system
/// has locks, and a claim file where it has none. Two jobs that both got through would
/// only do the work twice: their partial files have different names, and their shards
/// the same bytes.
struct Hold {
  std::optional<io::RangeLock> lock;
  std::vector<io::Claim> claim;
};

/// A job whose launcher has ended may live on for a moment (mpirun ends ranks after a
/// second), and the next start of it must not fail for that.
inline constexpr std::chrono::seconds patience{15};

/// Get hold of the selected shards, if need be by waiting `wait` for a job to end;
/// claims of dead jobs are taken over, and said. \independent: the root \throws
/// UsageError naming the job that is making some of them
Hold keep_others_off(const RunFolder& folder, const ShardPlan& plan,
                     const ShardRange& selection, std::chrono::seconds wait, Log& log);

}  // namespace lensmill::pipeline
