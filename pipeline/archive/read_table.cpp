#include "pipeline/archive/read_table.hpp"

#include <utility>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {

ColumnInfo column_info(const io::hdf5::Group& group, const std::string& name) {
  const auto dataset = group.open_dataset(name);
  const auto type = dataset.type().element_type();
  const auto& shape = dataset.shape();
  if (!type || shape.empty()) {
    throw DataError(dataset.file_path() + ": " + dataset.path() +
                    ": not a dataset of a lensmill run (type " + dataset.type().text() +
                    ", shape " + io::hdf5::to_string(shape) + ")");
  }
  io::hdf5::Shape row_shape(shape.begin() + 1, shape.end());
  if (*type == ElementType::text) row_shape.push_back(dataset.type().bytes);
  return {.name = name,
          .unit = dataset.read_string_attribute("unit"),
          .description = dataset.read_string_attribute("description"),
          .type = *type,
          .row_shape = std::move(row_shape)};
}

Column read_column(const io::hdf5::Group& group, const std::string& name,
                   const RowRange& rows) {
  Column column(column_info(group, name), static_cast<std::size_t>(rows.count));
  const auto dataset = group.open_dataset(name);
  io::hdf5::Shape start(dataset.shape().size(), 0);
  io::hdf5::Shape count = dataset.shape();
  start.front() = static_cast<std::size_t>(rows.first);
  count.front() = static_cast<std::size_t>(rows.count);
  dataset.read_block_raw(start, count, column.info().type, column.bytes().data());
  return column;
}

Table read_table(const io::hdf5::Group& group, std::span<const std::string> names,
                 const RowRange& rows) {
  Table table;
  for (const auto& name : names) {
    if (group.has(name)) table.push_back(read_column(group, name, rows));
  }
  return table;
}

}  // namespace lensmill::pipeline
