#pragma once

#include <string>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"

namespace lensmill::pipeline {

/// The instruction level that a run's shards were made at; "" if none is there or none
/// says. \collective
std::string level_of_shards(const RunFolder& folder,
                            const parallel::Communicator& world);

/// Numeric code is limited to the instruction level that the run's shards were made at,
/// or, where this machine has it not, to what all ranks have. \return the level in use
/// \collective
std::string use_level_of(const RunOnDisk& run, const parallel::Communicator& world);

}  // namespace lensmill::pipeline
