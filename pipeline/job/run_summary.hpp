#pragma once

#include <cstdint>
#include <string>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// What a run contains, from its own files.
struct RunSummary {
  std::int64_t rows = 0;    ///< in the shards that are there
  std::int64_t shards = 0;  ///< of them
  std::int64_t failed = 0;  ///< rows with a failure status
  std::string statuses;     ///< "ok 19,990, ring 8, no_flux 2"
  std::string tables;       ///< the three tables of core leakage
};

/// Read the columns behind the tables from all shards that are there, divided over the
/// ranks; the same result on every rank and for any number of them. \collective; errors
/// are agreed on \throws IoError, DataError
RunSummary summarise(const RunOnDisk& run, const parallel::Communicator& world,
                     Log& log);

}  // namespace lensmill::pipeline
