#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/log.hpp"
#include "pipeline/run/run_on_disk.hpp"

namespace lensmill::pipeline {

/// What was wrong with a run, one sentence each, and what was looked at.
struct VerifyReport {
  std::vector<std::string> problems;
  std::int64_t shards = 0;         ///< there and whole
  std::int64_t bytes = 0;          ///< of data read back
  std::int64_t rows_rendered = 0;  ///< made again and compared
  std::string comparison;          ///< how rows were compared: "byte for byte", ...
};

/// The problems of all ranks, in order of rank, on every rank. \collective
std::vector<std::string> gather_problems(const std::vector<std::string>& mine,
                                         const parallel::Communicator& world);

/// The blocks of a shard's data that do not have their digests. Every byte is read.
/// \independent
std::vector<std::string> checksum_problems(const std::string& shard_path);

/// Completeness and checksums: every shard of the plan is there, says what it should,
/// and its data have the digests that were computed when they were made. Divided over
/// the ranks. \collective; problems are reported, not thrown
VerifyReport verify_shards(const RunOnDisk& run, const parallel::Communicator& world);

/// Render `sample` rows again (drawn by the run's seed; all if there are fewer) and
/// compare: byte for byte when build and instruction level are those of the shard, else
/// to 1e-5 of the row's largest value. \collective
/// \throws ConfigError, DataError, IoError when the run's inputs cannot be opened
VerifyReport verify_rows(const RunOnDisk& run, std::int64_t sample,
                         const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
