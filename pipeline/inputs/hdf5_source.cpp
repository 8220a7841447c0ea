#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/source_parts.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::CellKind;
using io::hdf5::Content;

/// The type that a dataset's values are read as: integers as they are, unless int64
/// cannot hold them.
ElementType type_of(const io::hdf5::TypeInfo& type) {
  return type.content == Content::integer && converts_to(type, ElementType::int64)
             ? ElementType::int64
             : ElementType::float64;
}

bool is_numeric(const io::hdf5::Dataset& dataset) {
  return dataset.type().content == Content::integer ||
         dataset.type().content == Content::floating;
}

std::string contents_of(const io::hdf5::Dataset& dataset) {
  if (dataset.type().content == Content::string) return "text";
  if (!is_numeric(dataset)) return dataset.type().text();
  if (dataset.shape().empty()) return "one number for all rows";
  return fmt::format("{} numbers in each row", dataset.row_elements());
}

CellKind kind_of(const io::hdf5::TypeInfo& type) {
  switch (type.content) {
    case Content::integer: return CellKind::integer;
    case Content::floating: return CellKind::floating;
    case Content::string: return CellKind::text;
    case Content::boolean: return CellKind::logical;
    case Content::compound:
    case Content::other: break;
  }
  return CellKind::other;
}

/// The type of carried integers: the least that contains them.
std::optional<ElementType> stored_type(const io::hdf5::TypeInfo& type) {
  if (type.content == Content::boolean) return ElementType::uint8;
  if (type.content == Content::string) return ElementType::text;
  if (type.content == Content::floating && type.bytes < 4) return ElementType::float32;
  for (const auto wanted : {ElementType::uint8, ElementType::int16, ElementType::int32,
                            ElementType::int64, ElementType::uint64}) {
    if (type.content == Content::integer && converts_to(type, wanted)) return wanted;
  }
  return type.element_type();
}

io::hdf5::Group catalogue_group(const io::hdf5::File& file) {
  return file.open_group(file.has("catalogue") ? "/catalogue" : "/");
}

bool has_compound(const io::hdf5::Group& group) {
  return std::ranges::any_of(group.dataset_names(), [&](const std::string& name) {
    return group.open_dataset(name).type().content == Content::compound;
  });
}

void require_written(const io::hdf5::Dataset& dataset) {
  if (dataset.is_written()) return;
  throw DataError(fmt::format(
      "{}: {}: is declared with {} rows, but not all of it was ever written (zeros "
      "would be read): write the column, or take it out",
      dataset.file_path(), dataset.path(), dataset.rows()));
}

}  // namespace

Hdf5Source::Hdf5Source(std::string path)
    : path_(std::move(path)),
      file_(io::hdf5::File::open(path_)),
      group_(catalogue_group(file_)) {
  for (const auto& name : group_.dataset_names()) {
    const auto dataset = group_.open_dataset(name);
    if (!is_numeric(dataset) || dataset.shape().size() != 1) {
      unread_.push_back({name, contents_of(dataset)});
      continue;
    }
    require_written(dataset);
    const auto rows = static_cast<std::int64_t>(dataset.rows());
    if (!names_.empty() && rows != rows_) {
      throw DataError(
          fmt::format("{}: {}: has {} rows, but {} has {} (all columns of a catalogue "
                      "must be equally long)",
                      path_, dataset.path(), rows, names_.front(), rows_));
    }
    rows_ = rows;
    names_.push_back(name);
  }
  if (names_.empty()) {
    const bool is_compound =
        has_compound(group_) || has_compound(file_.open_group("/"));
    throw DataError(fmt::format(
        "{}: {} has no one-dimensional numeric datasets: nothing to read as catalogue "
        "columns (one dataset per column is needed){}{}",
        path_, group_.path(), listed(unread_),
        is_compound ? fmt::format("; a compound dataset becomes one by: python3 -m "
                                  "lensmill table-to-hdf5 {} columns.h5",
                                  path_)
                    : ""));
  }
}

io::hdf5::Dataset Hdf5Source::open(const std::string& column) const {
  return group_.open_dataset(column);
}

catalogue::ColumnFacts Hdf5Source::facts(const std::string& column) const {
  const auto place =
      place_of(*this, column, [&](const auto& name) { return group_.has(name); });
  const auto dataset = open(place.column);
  require_written(dataset);
  catalogue::ColumnFacts facts;
  for (const char* name : {"unit", "units"}) {
    if (!facts.unit.empty() || !dataset.has_attribute(name)) continue;
    facts.unit = dataset.read_string_attribute(name);
  }
  facts.single_precision =
      dataset.type().content == Content::floating && dataset.type().bytes <= 4;
  const bool has_rows =
      !dataset.shape().empty() && static_cast<std::int64_t>(dataset.rows()) == rows_;
  facts.kind = has_rows ? kind_of(dataset.type()) : CellKind::other;
  facts.elements = elements_of(place, dataset.row_elements());
  return facts;
}

Table Hdf5Source::read(std::int64_t first, std::int64_t count,
                       std::span<const std::string> columns,
                       std::vector<catalogue::BadCell>& /*bad*/) const {
  EXPECT(first >= 0 && count >= 0);
  Table table;
  for (const auto& name : columns) {
    const auto place =
        place_of(*this, name, [&](const auto& other) { return group_.has(other); });
    const auto dataset = open(place.column);
    const auto type = type_of(dataset.type());
    auto column = make_column(name, facts(name).unit, type, count);
    io::hdf5::Shape start(dataset.shape().size(), 0);
    io::hdf5::Shape extent = dataset.shape();
    start.front() = static_cast<std::size_t>(first);
    extent.front() = static_cast<std::size_t>(count);
    const auto fill = [&]<class T>(T) {
      auto values = dataset.read_block<T>(start, extent);
      take_element(values, static_cast<std::size_t>(count), place.element.value_or(0));
      std::ranges::copy(values, column.values<T>().begin());
    };
    if (type == ElementType::int64) {
      fill(std::int64_t{});
    } else {
      fill(double{});
    }
    table.push_back(std::move(column));
  }
  return table;
}

std::vector<std::string> Hdf5Source::read_texts(std::int64_t first, std::int64_t count,
                                                const std::string& column) const {
  const auto dataset = open(column);
  const auto begin = static_cast<std::size_t>(first);
  const auto rows = static_cast<std::size_t>(count);
  if (dataset.type().content == Content::string) {
    return dataset.read_strings(begin, rows);
  }
  return texts_of(dataset.read_rows<std::int64_t>(begin, rows));
}

ColumnInfo Hdf5Source::stored(const std::string& column) const {
  const auto dataset = open(column);
  const auto type = stored_type(dataset.type());
  const bool has_rows =
      !dataset.shape().empty() && static_cast<std::int64_t>(dataset.rows()) == rows_;
  const bool is_list = dataset.shape().size() > 1 && type == ElementType::text;
  if (!type || !has_rows || is_list) {
    throw DataError(fmt::format(
        "{}: column `{}` cannot be carried: it contains {} in {} values, for {} rows",
        path_, column, dataset.type().text(), io::hdf5::to_string(dataset.shape()),
        rows_));
  }
  ColumnInfo info;
  info.name = column;
  info.unit = facts(column).unit;
  info.type = *type;
  info.row_shape.assign(dataset.shape().begin() + 1, dataset.shape().end());
  if (*type != ElementType::text) return info;
  std::size_t bytes = 1;
  constexpr std::int64_t rows_at_once = 65536;
  for (std::int64_t first = 0; first < rows_; first += rows_at_once) {
    const auto count = std::min(rows_at_once, rows_ - first);
    for (const auto& text : read_texts(first, count, column)) {
      bytes = std::max(bytes, text.size());
    }
  }
  info.row_shape = {bytes};
  return info;
}

Column Hdf5Source::read_stored(std::int64_t first, std::int64_t count,
                               const ColumnInfo& info) const {
  Column column(info, static_cast<std::size_t>(count));
  if (info.type == ElementType::text) {
    const auto texts = read_texts(first, count, info.name);
    for (std::size_t row = 0; row < texts.size(); ++row) {
      const auto bytes = column.row<char>(row);
      EXPECT(texts[row].size() <= bytes.size());
      std::ranges::copy(texts[row], bytes.begin());
    }
    return column;
  }
  const auto dataset = open(info.name);
  io::hdf5::Shape start(dataset.shape().size(), 0);
  io::hdf5::Shape extent = dataset.shape();
  start.front() = static_cast<std::size_t>(first);
  extent.front() = static_cast<std::size_t>(count);
  dataset.read_block_raw(start, extent, info.type, column.bytes().data());
  return column;
}

}  // namespace lensmill::pipeline
