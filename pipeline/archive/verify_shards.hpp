#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// What was wrong with a run, one sentence each, and what was looked at.
struct VerifyReport {
  std::vector<std::string> problems;
  std::int64_t shards = 0;         ///< there, whole and without a problem
  std::int64_t bytes = 0;          ///< of data read back
  std::int64_t rows_rendered = 0;  ///< made again and compared
  std::string comparison;          ///< how rows were compared: "byte for byte", ...
  std::string lacks;               ///< what shards of an old format do not let be seen
  bool other_config = false;       ///< run.yaml is not what the shards were made with
};

/// The problems of all ranks, in order of rank, on every rank. \collective
std::vector<std::string> gather_problems(const std::vector<std::string>& mine,
                                         const parallel::Communicator& world);

/// What is wrong with a shard by itself: damaged structure, datasets that its list has
/// and it has not, blocks of data that do not have their digests, another digest of the
/// data or of the record. Every byte is read. \independent
std::vector<std::string> shard_problems(const std::string& shard_path);

/// Completeness and checksums: every shard of the plan is there, says what it should,
/// has all its datasets, and its data and record have the digests that were computed
/// when they were made; all are of one configuration, that of run.yaml; the virtual
/// file, if there is one, is whole. Divided over the ranks. \collective; problems are
/// reported, not thrown
VerifyReport verify_shards(const RunOnDisk& run, const parallel::Communicator& world,
                           Log& log);

}  // namespace lensmill::pipeline
