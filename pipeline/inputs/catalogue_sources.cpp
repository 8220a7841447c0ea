#include "pipeline/inputs/catalogue_sources.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::Content;

Column make_column(const std::string& name, std::string unit, ElementType type,
                   std::int64_t rows) {
  ColumnInfo info;
  info.name = name;
  info.unit = std::move(unit);
  info.type = type;
  return {std::move(info), static_cast<std::size_t>(rows)};
}

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

std::string numbers_text(std::size_t count) {
  return fmt::format("{} numbers in each row", count);
}

std::string contents_of(const io::hdf5::Dataset& dataset) {
  if (dataset.type().content == Content::string) return "text";
  if (!is_numeric(dataset)) return dataset.type().text();
  if (dataset.shape().empty()) return "one number for all rows";
  return numbers_text(dataset.row_elements());
}

std::string contents_of(const io::fits::ColumnDescription& column) {
  using io::fits::ColumnKind;
  if (column.kind == ColumnKind::string) return "text";
  if (column.kind == ColumnKind::integer || column.kind == ColumnKind::floating) {
    return numbers_text(column.row_elements());
  }
  return std::string(to_string(column.kind));
}

/// "; it has lens_q (text)", or "".
std::string listed(const std::vector<catalogue::UnreadColumn>& columns) {
  std::string text;
  for (const auto& [name, holds] : columns) {
    text += fmt::format("{}{} ({})", text.empty() ? "; it has " : ", ", name, holds);
  }
  return text;
}

bool is_integer(const io::fits::ColumnDescription& column) {
  return column.kind == io::fits::ColumnKind::integer && !column.may_be_undefined;
}

io::hdf5::Group catalogue_group(const io::hdf5::File& file) {
  return file.open_group(file.has("catalogue") ? "/catalogue" : "/");
}

}  // namespace

CatalogueFormat catalogue_format_of(const std::string& path) {
  switch (file_format_of(path)) {
    case FileFormat::text: return CatalogueFormat::csv;
    case FileFormat::hdf5: return CatalogueFormat::hdf5;
    case FileFormat::fits: return CatalogueFormat::fits;
    case FileFormat::unknown: break;
  }
  throw DataError(path +
                  ": is neither CSV, HDF5 nor FITS (binary data of another kind, or a "
                  "damaged beginning)");
}

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
    if (!dataset.is_written()) {
      throw DataError(fmt::format(
          "{}: {}: is declared with {} rows, but not all of it was ever written (zeros "
          "would be read): write the column, or take it out",
          path_, dataset.path(), dataset.rows()));
    }
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
    throw DataError(fmt::format(
        "{}: {} has no one-dimensional numeric datasets: nothing to read as catalogue "
        "columns (one dataset per column is needed, compound tables are not read){}",
        path_, group_.path(), listed(unread_)));
  }
}

catalogue::ColumnFacts Hdf5Source::facts(const std::string& column) const {
  const auto dataset = group_.open_dataset(column);
  catalogue::ColumnFacts facts;
  for (const char* name : {"unit", "units"}) {
    if (!facts.unit.empty() || !dataset.has_attribute(name)) continue;
    facts.unit = dataset.read_string_attribute(name);
  }
  facts.single_precision =
      dataset.type().content == Content::floating && dataset.type().bytes <= 4;
  return facts;
}

Table Hdf5Source::read(std::int64_t first, std::int64_t count,
                       std::span<const std::string> columns,
                       std::vector<catalogue::BadCell>& /*bad*/) const {
  EXPECT(first >= 0 && count >= 0);
  Table table;
  for (const auto& name : columns) {
    const auto dataset = group_.open_dataset(name);
    auto column = make_column(name, facts(name).unit, type_of(dataset.type()), count);
    dataset.read_block_raw({static_cast<std::size_t>(first)},
                           {static_cast<std::size_t>(count)}, column.info().type,
                           column.bytes().data());
    table.push_back(std::move(column));
  }
  return table;
}

FitsSource::FitsSource(std::string path)
    : path_(std::move(path)), table_(io::fits::File::open(path_).first_table()) {
  for (const auto& column : table_.columns()) {
    const bool numeric = column.kind == io::fits::ColumnKind::integer ||
                         column.kind == io::fits::ColumnKind::floating;
    if (numeric && column.row_elements() == 1) {
      names_.push_back(column.name);
    } else {
      unread_.push_back({column.name, contents_of(column)});
    }
  }
  if (names_.empty()) {
    throw DataError(table_.place() + ": the table has no scalar numeric columns" +
                    listed(unread_));
  }
}

catalogue::ColumnFacts FitsSource::facts(const std::string& column) const {
  const auto& described = table_.column(column);
  return {.unit = described.unit, .single_precision = described.single_precision};
}

Table FitsSource::read(std::int64_t first, std::int64_t count,
                       std::span<const std::string> columns,
                       std::vector<catalogue::BadCell>& /*bad*/) const {
  Table table;
  for (const auto& name : columns) {
    const auto& described = table_.column(name);
    const bool integer = is_integer(described);
    auto column =
        make_column(name, described.unit,
                    integer ? ElementType::int64 : ElementType::float64, count);
    if (integer) {
      std::ranges::copy(table_.read_integers(name, first, count),
                        column.values<std::int64_t>().begin());
    } else {
      std::ranges::copy(table_.read_doubles(name, first, count),
                        column.values<double>().begin());
    }
    table.push_back(std::move(column));
  }
  return table;
}

std::unique_ptr<const catalogue::ColumnSource> open_binary_catalogue(
    const std::string& path, CatalogueFormat format) {
  EXPECT(format != CatalogueFormat::csv);
  if (format == CatalogueFormat::hdf5) return std::make_unique<Hdf5Source>(path);
  refuse_large_gzip(path);
  return std::make_unique<FitsSource>(path);
}

}  // namespace lensmill::pipeline
