#include "lib/io/hdf5/virtual_dataset.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace lensmill::io::hdf5 {
namespace {

std::vector<hsize_t> extents(std::size_t rows, const ColumnInfo& info) {
  std::vector<hsize_t> result{rows};
  result.insert(result.end(), info.row_shape.begin(), info.row_shape.end());
  return result;
}

Handle dataspace(const std::vector<hsize_t>& dims, const Place& place) {
  return own(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
             H5Sclose, "H5Screate_simple", place);
}

void set_fill(const Handle& properties, ElementType type, const Place& place) {
  const bool floating = type == ElementType::float32 || type == ElementType::float64;
  const double fill = floating ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  check(H5Pset_fill_value(properties.get(), H5T_NATIVE_DOUBLE, &fill),
        "H5Pset_fill_value", place);
}

}  // namespace

Dataset create_virtual_dataset(Group& group, const ColumnInfo& info, std::size_t rows,
                               const std::string& source_path,
                               std::span<const ShardSource> shards) {
  EXPECT(group.driver() == Driver::serial);
  const std::string parent = group.path() == "/" ? "" : group.path();
  const Place place{group.file_path(), parent + "/" + info.name};
  const Handle space = dataspace(extents(rows, info), place);
  const Handle properties =
      own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "H5Pcreate", place);
  check(H5Pset_obj_track_times(properties.get(), 0), "H5Pset_obj_track_times", place);
  set_fill(properties, info.type, place);
  std::vector<hsize_t> start(info.row_shape.size() + 1, 0);
  for (const auto& shard : shards) {
    EXPECT(shard.first_row + shard.rows <= rows);
    if (shard.rows == 0 || info.row_elements() == 0) continue;
    const auto count = extents(shard.rows, info);
    start.front() = shard.first_row;
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr,
                              count.data(), nullptr),
          "H5Sselect_hyperslab", place);
    const Handle source = dataspace(count, place);
    check(H5Pset_virtual(properties.get(), space.get(), shard.file.c_str(),
                         source_path.c_str(), source.get()),
          "H5Pset_virtual", place);
  }
  check(H5Sselect_all(space.get()), "H5Sselect_all", place);
  Dataset dataset = group.create_with(info.name, info.type, space, properties);
  dataset.write_attribute("unit", info.unit);
  dataset.write_attribute("description", info.description);
  return dataset;
}

}  // namespace lensmill::io::hdf5
