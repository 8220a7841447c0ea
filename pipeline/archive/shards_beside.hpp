#pragma once

#include "lib/io/hdf5/file.hpp"

namespace lensmill::pipeline {

/// HDF5 itself opens the shards that a run's virtual file shows. Make sure before that
/// none of them is damaged, so that it crashes on none. Of other files nothing is
/// asked. \independent \throws DataError: a shard is damaged; IoError
void check_shards_beside(const io::hdf5::File& file);

}  // namespace lensmill::pipeline
