#pragma once

#include <cstdint>

#include "lib/core/column.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/archive/verify_shards.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// How a column that is rendered again must agree with the stored one.
enum class Agreement {
  exact,      ///< the same bytes
  of_builds,  ///< numbers within 1e-5 of the largest, NaN where NaN is, integers the
              ///< same, int16 pixels within one step
};
/// Whether a stored column is what rendering gives again.
bool columns_agree(const Column& stored, const Column& again, Agreement agreement);

/// Render `sample` rows again (drawn by the run's seed; all if there are fewer) and
/// compare: byte for byte when build and instruction level are those of the shard, else
/// to 1e-5 of the row's largest value. \collective
/// \throws ConfigError, DataError, IoError when the run's inputs cannot be opened
VerifyReport verify_rows(const RunOnDisk& run, std::int64_t sample,
                         const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
