#pragma once

#include <string>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"

namespace lensmill::pipeline {

/// Numeric code is limited to the instruction level that the run's shards were made at,
/// or, where this machine has it not, to what all ranks have. \return the level in use
/// \collective
std::string use_level_of(const RunOnDisk& run, const parallel::Communicator& world);

}  // namespace lensmill::pipeline
