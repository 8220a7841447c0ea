#pragma once

#include "pipeline/archive/run_on_disk.hpp"

namespace lensmill::pipeline {

/// Make the run's virtual file over all shards of the plan, from what the first shard
/// that is there contains, and seal it (lib/io/hdf5/seal.hpp). Shards that are not
/// (yet) there read as NaN, 0 in `rendered`, and integers that no row has
/// (virtual_dataset.hpp). Replaces the one that is there, whole or not at all. Does
/// nothing if no shard is there. Of a run with `catalogue.keep` it shows the rows that
/// KeptSoFar knows, and nothing if there are none. \independent \throws IoError,
/// DataError (damaged first shard)
void write_virtual_file(const RunOnDisk& run);

}  // namespace lensmill::pipeline
