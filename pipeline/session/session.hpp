#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/measure/selection.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/shard_plan.hpp"
#include "pipeline/inputs/open_inputs.hpp"
#include "pipeline/program/log.hpp"
#include "stages/config/run_config.hpp"
#include "stages/factory.hpp"

namespace lensmill::pipeline {

/// Read a configuration on the root and hand it to every rank, so that all run what one
/// has read. Warnings are said. \collective; errors are agreed on
/// \throws ConfigError, UsageError
config::RunConfig read_config(const std::string& path,
                              const std::vector<std::string>& overrides,
                              const parallel::Communicator& world, Log& log);

/// A run made ready on every rank: configuration, opened files, the chain.
struct Session {
  config::RunConfig config;
  OpenedInputs opened;
  stages::Setup setup;
  ShardPlan plan;  ///< of the catalogue's rows: with a selection, candidates
  std::optional<measure::Selection> selection{};  ///< of `catalogue.keep`

  /// Rows that the run is to have.
  std::int64_t wanted_rows() const {
    return selection ? config.catalogue.count : plan.rows;
  }
  const stages::Chain& chain() const { return *setup.chain; }
  const catalogue::Rows& rows() const { return *opened.inputs->rows; }
};

/// Open the files and build the chain. \collective; errors are agreed on
/// \throws ConfigError, DataError, IoError
Session open_session(const config::RunConfig& config,
                     const parallel::Communicator& world, Log& log);

/// The instruction level that all ranks can use, or the lower one of an existing run
/// (`wanted`, "" for none); numeric code is limited to it. \collective
/// \throws ConfigError when the existing run's level is above what this machine has
std::string agree_on_level(const parallel::Communicator& world,
                           const std::string& wanted);

}  // namespace lensmill::pipeline
