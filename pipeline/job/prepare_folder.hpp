#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/run_folder.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "pipeline/job/keep_others_off.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// What the user said about a folder that already contains a run.
enum class Existing {
  refuse,     ///< nothing: never touch finished work unasked
  resume,     ///< --resume: make what is missing
  extend,     ///< --extend: the same, with a larger number of rows
  overwrite,  ///< --overwrite: remove the run that is there and begin anew
};

struct PrepareOptions {
  Existing existing = Existing::refuse;
  /// --accept-different-build: shards of another build or instruction level are kept.
  bool accept_different_build = false;
  /// --verify-existing: shards that are there count only if every checksum agrees.
  bool verify_existing = false;
};

/// What a job makes, and where.
struct JobTask {
  const RunFolder& folder;
  const ShardPlan& plan;
  ShardRange selection;
  const RunIdentity& identity;
  const Provenance& provenance;
  std::vector<ColumnInfo> datasets{};  ///< of every shard
};

/// What is left to do.
struct PreparedFolder {
  std::vector<std::int64_t> pending;  ///< shards to make, ascending
  std::int64_t complete = 0;          ///< shards of the selection that are there
  Hold hold;                          ///< root: keeps other jobs off the selection
  std::string job;                    ///< this job's part of partial files' names
};

/// Check the folder against what is to be run, make it if it is not there, keep other
/// jobs off the selected shards, remove what --overwrite says and partial files of the
/// selected shards, and write run.yaml.
/// \collective over `world`; errors are agreed on
/// \throws UsageError: a run is there and nothing was said about it, or another job is
///   making some of the shards; ConfigError: it is another run, with the differences;
///   IoError: cannot be written
PreparedFolder prepare_folder(const JobTask& task, const PrepareOptions& options,
                              const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
