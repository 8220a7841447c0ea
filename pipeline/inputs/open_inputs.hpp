#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/input_file.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

/// \file
/// Everything that a run reads, opened: stages get arrays and interfaces.

namespace lensmill::pipeline {

struct OpenedInputs {
  std::shared_ptr<const stages::Inputs> inputs;
  std::vector<InputFile> files;       ///< every file read, hashed once, by the root
  std::vector<std::string> warnings;  ///< for the user, the same on every rank
};

/// Which real hosts are measured.
enum class HostsToMeasure {
  all,
  of_rows,  ///< where there are many hosts and fewer rows: those that the rows have
};

/// Open, check and measure what the configuration names: PSFs, hosts, source
/// galaxies, the catalogue. Memory per rank stays bounded: catalogue and hosts are read
/// by rows, cutouts and galaxies one by one; only kernels are kept.
/// \throws on all ranks alike: IoError, DataError (exit 65) or ConfigError, naming the
///   file and what in it is wrong
/// \collective over `world`
OpenedInputs open_inputs(const config::RunConfig& config,
                         const parallel::Communicator& world,
                         HostsToMeasure which = HostsToMeasure::all);

}  // namespace lensmill::pipeline
