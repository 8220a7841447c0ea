#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"

namespace lensmill::pipeline {

/// `wanted` rows of the run without repetition, ascending, drawn by its seed from those
/// that are there, did not fail and have a lens; all of them if there are no more.
/// The root reads every shard's `status`. \collective \throws IoError, DataError
std::vector<std::int64_t> draw_probe_rows(const RunOnDisk& run, std::int64_t wanted,
                                          std::uint64_t seed,
                                          const parallel::Communicator& world);

/// The part of them that this rank renders; rank by rank they are all, in order.
std::span<const std::int64_t> share_of(const std::vector<std::int64_t>& rows,
                                       const parallel::Communicator& world);

}  // namespace lensmill::pipeline
