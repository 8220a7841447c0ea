#pragma once

#include <string>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/io/hdf5/dataset.hpp"
#include "lib/io/hdf5/object.hpp"

namespace lensmill::io::hdf5 {

/// A group: names of groups and datasets. Paths may be relative ("theta_e_arcsec"),
/// nested ("catalogue/theta_e_arcsec") or absolute ("/catalogue/theta_e_arcsec").
class Group : public Object {
 public:
  /// \independent
  bool has(const std::string& path) const;
  /// Names directly in this group, in order of name. \independent
  std::vector<std::string> names() const;
  std::vector<std::string> group_names() const;
  std::vector<std::string> dataset_names() const;

  /// \throws DataError if there is no such group \independent
  Group open_group(const std::string& path) const;
  /// \throws DataError if there is no such dataset \independent
  Dataset open_dataset(const std::string& path) const;

  /// Parents are made as needed. \collective
  Group create_group(const std::string& path);
  /// A contiguous dataset, never filled (write every row), without time stamps.
  /// \collective
  Dataset create_dataset(const std::string& path, ElementType type, const Shape& shape);
  /// A column's dataset with creation properties of the caller's own, without
  /// attributes. \collective
  Dataset create_with(const ColumnInfo& info, const Handle& space,
                      const Handle& properties);
  /// Shape column_shape(info, rows), attributes `unit` and `description`. \collective
  Dataset create_column(const ColumnInfo& info, std::size_t rows);
  /// One UTF-8 string per row, of fixed length (the longest of `values`), written at
  /// once. \collective
  Dataset write_strings(const std::string& path, std::span<const std::string> values);
  /// One UTF-8 string, as a scalar dataset. \collective
  Dataset write_string(const std::string& path, const std::string& value);

  /// Shorthands of open_dataset(path).read_*.
  template <class T>
  Array<T> read_all(const std::string& path) const {
    return open_dataset(path).read_all<T>();
  }
  std::vector<std::string> read_strings(const std::string& path) const {
    return open_dataset(path).read_strings();
  }

 protected:
  Group(Handle handle, Place place, std::shared_ptr<FileState> state)
      : Object(std::move(handle), std::move(place), std::move(state)) {}

 private:
  std::vector<std::string> names_of(H5O_type_t kind) const;
  Dataset create(const std::string& path, hid_t type, const Handle& space,
                 const Handle& properties);
  Dataset create_contiguous(const std::string& path, hid_t type, const Shape& shape);
};

}  // namespace lensmill::io::hdf5
