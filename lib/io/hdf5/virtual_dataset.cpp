#include "lib/io/hdf5/virtual_dataset.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace lensmill::io::hdf5 {
namespace {

std::vector<hsize_t> extents(std::size_t rows, const ColumnInfo& info) {
  const Shape shape = column_shape(info, rows);
  return {shape.begin(), shape.end()};
}

Handle dataspace(const std::vector<hsize_t>& dims, const Place& place) {
  return own(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
             H5Sclose, "H5Screate_simple", place);
}

std::int64_t no_rows_value(ElementType type) {
  switch (type) {
    case ElementType::uint8: return std::numeric_limits<std::uint8_t>::max();
    case ElementType::int16: return std::numeric_limits<std::int16_t>::min();
    case ElementType::int32: return std::numeric_limits<std::int32_t>::min();
    default: return std::numeric_limits<std::int64_t>::min();
  }
}

void set_fill(const Handle& properties, ElementType type,
              std::optional<std::int64_t> absent_integer, const Place& place) {
  if (type == ElementType::text) return;  // zeros: empty strings
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (type == ElementType::uint64) {
    const auto largest = std::numeric_limits<std::uint64_t>::max();
    check(H5Pset_fill_value(properties.get(), H5T_NATIVE_UINT64, &largest),
          "H5Pset_fill_value", place);
    return;
  }
  const std::int64_t integer = absent_integer.value_or(no_rows_value(type));
  const bool floating = type == ElementType::float32 || type == ElementType::float64;
  check(floating ? H5Pset_fill_value(properties.get(), H5T_NATIVE_DOUBLE, &nan)
                 : H5Pset_fill_value(properties.get(), H5T_NATIVE_INT64, &integer),
        "H5Pset_fill_value", place);
}

}  // namespace

Dataset create_virtual_dataset(Group& group, const ColumnInfo& info, std::size_t rows,
                               const std::string& source_path,
                               std::span<const ShardSource> shards,
                               std::optional<std::int64_t> absent_integer) {
  EXPECT(group.driver() == Driver::serial);
  const std::string parent = group.path() == "/" ? "" : group.path();
  const Place place{group.file_path(), parent + "/" + info.name};
  const Handle space = dataspace(extents(rows, info), place);
  const Handle properties =
      own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "H5Pcreate", place);
  check(H5Pset_obj_track_times(properties.get(), 0), "H5Pset_obj_track_times", place);
  set_fill(properties, info.type, absent_integer, place);
  std::vector<hsize_t> start(extents(rows, info).size(), 0);
  for (const auto& shard : shards) {
    EXPECT(shard.first_row + shard.rows <= rows);
    if (shard.rows == 0 || info.row_elements() == 0) continue;
    const auto count = extents(shard.rows, info);
    start.front() = shard.first_row;
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr,
                              count.data(), nullptr),
          "H5Sselect_hyperslab", place);
    const Handle source =
        dataspace(extents(std::max(shard.rows, shard.rows_in_file), info), place);
    if (shard.rows_in_file > shard.rows) {
      start.front() = 0;
      check(H5Sselect_hyperslab(source.get(), H5S_SELECT_SET, start.data(), nullptr,
                                count.data(), nullptr),
            "H5Sselect_hyperslab", place);
    }
    check(H5Pset_virtual(properties.get(), space.get(), shard.file.c_str(),
                         source_path.c_str(), source.get()),
          "H5Pset_virtual", place);
  }
  check(H5Sselect_all(space.get()), "H5Sselect_all", place);
  Dataset dataset = group.create_with(info, space, properties);
  dataset.write_attribute("unit", info.unit);
  dataset.write_attribute("description", info.description);
  return dataset;
}

}  // namespace lensmill::io::hdf5
