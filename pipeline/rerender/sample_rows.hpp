#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/archive/run_on_disk.hpp"

namespace lensmill::pipeline {

/// `wanted` rows of the run without repetition, ascending, drawn by its seed from those
/// that are there, did not fail and have a lens; all of them if there are no more.
/// \independent: one rank reads every shard's `status`
/// \throws IoError, DataError
std::vector<std::int64_t> draw_probe_rows(const RunOnDisk& run, std::int64_t wanted,
                                          std::uint64_t seed);

}  // namespace lensmill::pipeline
