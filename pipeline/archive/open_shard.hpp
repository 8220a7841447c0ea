#pragma once

#include <optional>
#include <string>

#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

/// The first shard that is there.
std::optional<std::int64_t> first_shard(const RunOnDisk& run);

struct OpenShard {
  io::hdf5::File file;
  ShardHeader header;
};

/// Open a shard of a run to read its rows, and make sure that it is one: whole, the one
/// that its name says, with all datasets of its list, made with the configuration that
/// run.yaml has (the seed in it) and from the same input files as the run's first
/// shard. It may be shorter than planned: the last one of a run that is being extended.
/// \independent
/// \throws DataError, IoError
OpenShard open_shard(const RunOnDisk& run, std::int64_t index);

/// Refuse a run with `catalogue.keep` whose rows end at a damaged shard, or one of
/// another run: its later rows cannot be told. \independent \throws DataError, IoError
void check_end_of_selection(const RunOnDisk& run);

/// What keeps an opened shard from being shard `index` of the run, as a sentence;
/// empty: nothing. Its configuration apart.
std::string other_shard(const RunOnDisk& run, std::int64_t index,
                        const io::hdf5::File& file, const ShardHeader& header);

/// How run.yaml differs from the configuration that a shard was made with, in what
/// decides rows; empty if it does not.
std::string config_difference(const RunOnDisk& run, const io::hdf5::File& file,
                              const ShardHeader& header);

}  // namespace lensmill::pipeline
