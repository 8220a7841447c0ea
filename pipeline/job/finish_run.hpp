#pragma once

#include <string>

#include "lib/core/errors.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// The end of a run, and `lensmill finalize`: make the virtual file over the shards
/// that are there and print the tables, from what is on disk. May be repeated.
/// \collective; errors are agreed on \return ok; interrupted: shards are missing;
/// bad_data: more rows failed than
///   run.max_failed_fraction allows, or a selection keeps too few
/// \throws DataError (no run there), IoError
ExitCode finish_run(const std::string& path, const parallel::Communicator& world,
                    Log& log);

}  // namespace lensmill::pipeline
