#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "lib/core/column.hpp"
#include "lib/io/hdf5/group.hpp"

namespace lensmill::io::hdf5 {

/// A file whose first rows are rows [first_row, first_row + rows) of every column.
struct ShardSource {
  std::string file;  ///< relative to the master file's folder, e.g. shards/shard-0.h5
  std::size_t first_row = 0;
  std::size_t rows = 0;
  std::size_t rows_in_file = 0;  ///< if there are more than those
};

/// Make a dataset `info.name` of `rows` rows in `group` that shows the datasets
/// `source_path` of the shards, all of info's type and row shape. Rows without a shard,
/// and those of a missing or damaged one, read as the fill value, without an error:
/// NaN; for integers `absent_integer`, or a value that no row of ours has: the lowest
/// of a signed type, 255 of uint8; strings are empty. So no code may conclude from this
/// file that a run is complete. \independent, serial driver only (virtual datasets
/// don't work through MPI-IO) \throws IoError
Dataset create_virtual_dataset(Group& group, const ColumnInfo& info, std::size_t rows,
                               const std::string& source_path,
                               std::span<const ShardSource> shards,
                               std::optional<std::int64_t> absent_integer = {});

}  // namespace lensmill::io::hdf5
