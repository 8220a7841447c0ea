#include "lib/io/hdf5/group.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/core/errors.hpp"

namespace lensmill::io::hdf5 {
namespace {

/// What is at `path`, or H5O_TYPE_UNKNOWN. Each step of a path must be looked up: HDF5
/// calls a missing parent an error.
H5O_type_t kind_at(hid_t location, const std::string& path, const Place& place) {
  if (path.empty() || path == "/") return H5O_TYPE_GROUP;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string step = path.substr(0, end);
    if (check(H5Lexists(location, step.c_str(), H5P_DEFAULT), "H5Lexists", place) ==
        0) {
      return H5O_TYPE_UNKNOWN;
    }
    H5O_info_t info;
    if (H5Oget_info_by_name2(location, step.c_str(), &info, H5O_INFO_BASIC,
                             H5P_DEFAULT) < 0) {
      return H5O_TYPE_UNKNOWN;  // a dangling link
    }
    if (end == std::string::npos) return info.type;
    if (info.type != H5O_TYPE_GROUP) return H5O_TYPE_UNKNOWN;
  }
}

Handle intermediate_groups(const Place& place) {
  Handle list = own(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "H5Pcreate", place);
  check(H5Pset_create_intermediate_group(list.get(), 1),
        "H5Pset_create_intermediate_group", place);
  return list;
}

}  // namespace

bool Group::has(const std::string& path) const {
  return kind_at(id(), path, place_of(path)) != H5O_TYPE_UNKNOWN;
}

std::vector<std::string> Group::names() const {
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* name, const H5L_info_t*,
                      void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  check(H5Literate(id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names),
        "H5Literate", place_);
  return names;
}

std::vector<std::string> Group::names_of(H5O_type_t kind) const {
  auto list = names();
  std::erase_if(list, [&](const std::string& name) {
    return kind_at(id(), name, place_of(name)) != kind;
  });
  return list;
}

std::vector<std::string> Group::group_names() const { return names_of(H5O_TYPE_GROUP); }

std::vector<std::string> Group::dataset_names() const {
  return names_of(H5O_TYPE_DATASET);
}

Group Group::open_group(const std::string& path) const {
  const Place place = place_of(path);
  if (kind_at(id(), path, place) != H5O_TYPE_GROUP) {
    throw DataError(fmt::format("{}: no such group ({} has: {})", place.text(),
                                this->path(), fmt::join(names(), ", ")));
  }
  return {own(H5Gopen2(id(), path.c_str(), H5P_DEFAULT), H5Gclose, "H5Gopen2", place),
          place, state_};
}

Dataset Group::open_dataset(const std::string& path) const {
  const Place place = place_of(path);
  if (kind_at(id(), path, place) != H5O_TYPE_DATASET) {
    throw DataError(fmt::format("{}: no such dataset ({} has: {})", place.text(),
                                this->path(), fmt::join(names(), ", ")));
  }
  return {own(H5Dopen2(id(), path.c_str(), H5P_DEFAULT), H5Dclose, "H5Dopen2", place),
          place, state_};
}

Group Group::create_group(const std::string& path) {
  const Place place = place_of(path);
  const Handle links = intermediate_groups(place);
  return {own(H5Gcreate2(id(), path.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
              H5Gclose, "H5Gcreate2", place),
          place, state_};
}

Dataset Group::create(const std::string& path, hid_t type, const Handle& space,
                      const Handle& properties) {
  const Place place = place_of(path);
  const Handle links = intermediate_groups(place);
  return {own(H5Dcreate2(id(), path.c_str(), type, space.get(), links.get(),
                         properties.get(), H5P_DEFAULT),
              H5Dclose, "H5Dcreate2", place),
          place, state_};
}

Dataset Group::create_contiguous(const std::string& path, hid_t type,
                                 const Shape& shape) {
  const Place place = place_of(path);
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  const Handle space =
      shape.empty()
          ? own(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate", place)
          : own(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                H5Sclose, "H5Screate_simple", place);
  const Handle properties =
      own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "H5Pcreate", place);
  // Without fill values nothing is written twice; without time stamps equal data give
  // equal files; with early allocation both drivers lay the file out alike.
  check(H5Pset_layout(properties.get(), H5D_CONTIGUOUS), "H5Pset_layout", place);
  check(H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY), "H5Pset_alloc_time",
        place);
  check(H5Pset_fill_time(properties.get(), H5D_FILL_TIME_NEVER), "H5Pset_fill_time",
        place);
  check(H5Pset_obj_track_times(properties.get(), 0), "H5Pset_obj_track_times", place);
  return create(path, type, space, properties);
}

Dataset Group::create_dataset(const std::string& path, ElementType type,
                              const Shape& shape) {
  return create_contiguous(path, file_type(type), shape);
}

Dataset Group::create_with(const ColumnInfo& info, const Handle& space,
                           const Handle& properties) {
  const Handle type = column_type(info, place_of(info.name));
  return create(info.name, type.get(), space, properties);
}

Dataset Group::create_column(const ColumnInfo& info, std::size_t rows) {
  const Handle type = column_type(info, place_of(info.name));
  Dataset dataset = create_contiguous(info.name, type.get(), column_shape(info, rows));
  dataset.write_attribute("unit", info.unit);
  dataset.write_attribute("description", info.description);
  return dataset;
}

Dataset Group::write_strings(const std::string& path,
                             std::span<const std::string> values) {
  std::size_t longest = 1;
  for (const auto& value : values) longest = std::max(longest, value.size());
  const Handle type = string_type(longest, place_of(path));
  Dataset dataset = create_contiguous(path, type.get(), {values.size()});
  dataset.write_strings(values);
  return dataset;
}

Dataset Group::write_string(const std::string& path, const std::string& value) {
  const Handle type =
      string_type(std::max<std::size_t>(1, value.size()), place_of(path));
  Dataset dataset = create_contiguous(path, type.get(), {});
  dataset.write_strings(std::span(&value, 1));
  return dataset;
}

}  // namespace lensmill::io::hdf5
