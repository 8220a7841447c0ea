#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/source_parts.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::CellKind;

CellKind kind_of(const io::fits::ColumnDescription& column) {
  using io::fits::ColumnKind;
  switch (column.kind) {
    case ColumnKind::integer: return CellKind::integer;
    case ColumnKind::floating: return CellKind::floating;
    case ColumnKind::string: return CellKind::text;
    case ColumnKind::logical: return CellKind::logical;
    case ColumnKind::other: break;
  }
  return CellKind::other;
}

bool is_integer(const io::fits::ColumnDescription& column) {
  return column.kind == io::fits::ColumnKind::integer && !column.may_be_undefined;
}

/// SExtractor's FITS_LDAC has the images' headers as a table before that of objects.
bool is_header_table(const io::fits::Hdu& hdu) {
  return hdu.find_string("EXTNAME").value_or("").starts_with("LDAC_IMHEAD");
}

/// The table of a file that has one. \throws DataError for one with several
io::fits::TableHdu only_table(const std::string& path) {
  const auto file = io::fits::File::open(path);
  std::vector<int> tables;
  std::vector<std::string> names;
  for (const int hdu : file.table_hdus("")) {
    if (is_header_table(file.hdu(hdu))) continue;
    tables.push_back(hdu);
    const auto name = file.hdu(hdu).find_string("EXTNAME").value_or("");
    names.push_back(fmt::format("HDU {}{}", hdu, name.empty() ? "" : ", " + name));
  }
  if (tables.size() == 1) return file.table(tables.front());
  if (tables.empty()) return file.first_table();
  throw DataError(
      fmt::format("{}: has {} tables ({}), and which is meant is not said; write it to "
                  "a file of its "
                  "own, by astropy: Table.read('{}', hdu={}).write('table.fits')",
                  path, tables.size(), fmt::join(names, "; "), path, tables.front()));
}

}  // namespace

FitsSource::FitsSource(std::string path) : FitsSource(path, only_table(path)) {}

FitsSource::FitsSource(std::string path, io::fits::TableHdu table)
    : path_(std::move(path)), table_(std::move(table)) {
  for (const auto& column : table_.columns()) {
    const bool numeric = column.kind == io::fits::ColumnKind::integer ||
                         column.kind == io::fits::ColumnKind::floating;
    if (numeric && column.row_elements() == 1) {
      names_.push_back(column.name);
    } else {
      unread_.push_back(
          {column.name, catalogue::contents_of({.unit = "",
                                                .kind = kind_of(column),
                                                .elements = column.row_elements()})});
    }
  }
  if (names_.empty()) {
    throw DataError(table_.place() + ": the table has no scalar numeric columns" +
                    listed(unread_));
  }
}

catalogue::ColumnFacts FitsSource::facts(const std::string& column) const {
  const auto place =
      place_of(*this, column, [&](const auto& name) { return table_.has(name); });
  const auto& described = table_.column(place.column);
  return {.unit = described.unit,
          .single_precision = described.single_precision,
          .kind = kind_of(described),
          .elements = elements_of(place, described.row_elements()),
          .may_be_undefined = described.may_be_undefined};
}

Table FitsSource::read(std::int64_t first, std::int64_t count,
                       std::span<const std::string> columns,
                       std::vector<catalogue::BadCell>& /*bad*/) const {
  Table table;
  const auto rows = static_cast<std::size_t>(count);
  for (const auto& name : columns) {
    const auto place =
        place_of(*this, name, [&](const auto& other) { return table_.has(other); });
    const auto& described = table_.column(place.column);
    const bool integer = is_integer(described);
    auto column =
        make_column(name, described.unit,
                    integer ? ElementType::int64 : ElementType::float64, count);
    const auto fill = [&](auto values) {
      take_element(values, rows, place.element.value_or(0));
      std::ranges::copy(values,
                        column.values<typename decltype(values)::value_type>().begin());
    };
    if (integer) {
      fill(table_.read_integers(place.column, first, count));
    } else {
      fill(table_.read_doubles(place.column, first, count));
    }
    table.push_back(std::move(column));
  }
  return table;
}

std::vector<std::string> FitsSource::read_texts(std::int64_t first, std::int64_t count,
                                                const std::string& column) const {
  if (table_.column(column).kind == io::fits::ColumnKind::string) {
    return table_.read_strings(column, first, count);
  }
  return texts_of(table_.read_integers(column, first, count));
}

ColumnInfo FitsSource::stored(const std::string& column) const {
  const auto& described = table_.column(column);
  const bool is_list =
      described.kind == io::fits::ColumnKind::string && described.row_elements() != 1;
  if (!described.element_type || is_list) {
    throw DataError(fmt::format("{}: column `{}` cannot be carried: it contains {}",
                                path_, column, to_string(described.kind)));
  }
  ColumnInfo info;
  info.name = described.name;
  info.unit = described.unit;
  if (!described.undefined.empty()) {
    info.description = described.undefined + " where undefined (TNULL)";
  } else if (described.kind == io::fits::ColumnKind::logical) {
    info.description = "1 true, 0 false, 255 undefined";
  }
  info.type = *described.element_type;
  info.row_shape = described.row_shape;
  if (info.type == ElementType::text) info.row_shape = {described.text_bytes};
  return info;
}

Column FitsSource::read_stored(std::int64_t first, std::int64_t count,
                               const ColumnInfo& info) const {
  Column column(info, static_cast<std::size_t>(count));
  table_.read_raw(info.name, first, count, column.bytes().data());
  return column;
}

}  // namespace lensmill::pipeline
