#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/job/prepare_folder.hpp"
#include "pipeline/program/log.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

struct RunOptions {
  PrepareOptions prepare;
  std::optional<std::string> shards;  ///< --shards A-B
  std::vector<std::string> gated_by;  ///< folders of runs this one depended on
  bool dry_run = false;
  std::vector<std::string> command_line;  ///< for provenance
};

/// `lensmill run`: make the shards that are missing, then the virtual file and the
/// summary. \collective over `world`; errors are agreed on
/// \return ok, interrupted (a signal; shards are left), bad_data (too many failed rows)
/// \throws ConfigError, UsageError, DataError, IoError
ExitCode run_job(const config::RunConfig& config, const RunOptions& options,
                 const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
