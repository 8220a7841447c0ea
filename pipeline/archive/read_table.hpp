#pragma once

#include <span>
#include <string>

#include "lib/core/column.hpp"
#include "lib/io/hdf5/group.hpp"
#include "pipeline/archive/shard_plan.hpp"

namespace lensmill::pipeline {

/// Name, unit, description, type and row shape of a dataset of ours.
/// \throws DataError if it is not one (no unit, another type)
ColumnInfo column_info(const io::hdf5::Group& group, const std::string& name);

/// Rows of the named datasets, those of them that the group has. \independent
/// \throws IoError, DataError
Table read_table(const io::hdf5::Group& group, std::span<const std::string> names,
                 const RowRange& rows);

/// Rows of one dataset.
Column read_column(const io::hdf5::Group& group, const std::string& name,
                   const RowRange& rows);

}  // namespace lensmill::pipeline
