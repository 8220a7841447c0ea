#pragma once

#include <cstdint>

#include "pipeline/run/run_folder.hpp"

namespace lensmill::pipeline {

/// Make the run's virtual file over all shards of the plan, from what the first shard
/// that is there holds; shards that are not (yet) there read as NaN, or 0 in
/// `rendered`. Replaces the one that is there, whole or not at all. Does nothing if no
/// shard is there. \independent \throws IoError, DataError (damaged first shard)
void write_virtual_file(const RunFolder& folder, const ShardPlan& plan);

}  // namespace lensmill::pipeline
