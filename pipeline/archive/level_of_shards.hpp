#pragma once

#include <string>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_folder.hpp"

namespace lensmill::pipeline {

/// The instruction level that a run's shards were made at; "" if none is there or none
/// says. \collective
std::string level_of_shards(const RunFolder& folder,
                            const parallel::Communicator& world);

}  // namespace lensmill::pipeline
