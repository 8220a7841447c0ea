#include "pipeline/inputs/text_column.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lib/catalogue/csv_header.hpp"
#include "lib/catalogue/csv_records.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

/// Where the column is among `names`. \throws DataError
std::size_t find_column(const std::string& path, const std::string& column,
                        const std::vector<std::string>& names) {
  auto at = std::ranges::find(names, column);
  if (at == names.end()) {
    at = std::ranges::find_if(names, [&](const auto& name) {
      return lower_case(name) == lower_case(column);
    });
  }
  if (at == names.end()) {
    throw DataError(fmt::format("{}: has no column `{}` (it has: {})", path, column,
                                fmt::join(names, ", ")));
  }
  return static_cast<std::size_t>(at - names.begin());
}

std::vector<std::string> texts_of(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> texts;
  for (const auto number : numbers) texts.push_back(std::to_string(number));
  return texts;
}

[[noreturn]] void refuse_contents(const std::string& path, const std::string& column,
                                  std::string_view holds) {
  throw DataError(fmt::format(
      "{}: column `{}` contains {}, but a text or a whole number in each row is needed",
      path, column, holds));
}

void refuse_empty(const std::string& path, const std::string& column,
                  const std::vector<std::string>& texts) {
  const auto empty = std::ranges::find(texts, "");
  if (empty == texts.end()) return;
  throw DataError(fmt::format("{}: column `{}` is empty in row {} (from 1)", path,
                              column, empty - texts.begin() + 1));
}

std::vector<std::string> texts_of(const io::hdf5::Dataset& dataset) {
  const auto& path = dataset.file_path();
  if (dataset.shape().size() != 1) {
    refuse_contents(path, dataset.path(),
                    io::hdf5::to_string(dataset.shape()) + " values");
  }
  if (dataset.type().content == io::hdf5::Content::string) {
    return dataset.read_strings();
  }
  if (!io::hdf5::converts_to(dataset.type(), ElementType::int64)) {
    refuse_contents(path, dataset.path(), dataset.type().text());
  }
  return texts_of(dataset.read_all<std::int64_t>().values);
}

std::vector<std::string> read_csv(const std::string& path, const std::string& column) {
  catalogue::refuse_other_formats(path);
  catalogue::CsvRecords records(path);
  const auto names = catalogue::read_csv_header(records, path);
  const auto at = find_column(path, column, names);
  std::vector<std::string> texts;
  std::string record;
  std::vector<std::string_view> cells;
  while (records.next(record)) {
    catalogue::split_cells(record, cells);
    if (cells.size() != names.size()) {
      throw DataError(fmt::format("{}, line {}: has {} cells, but the header {}", path,
                                  records.line(), cells.size(), names.size()));
    }
    texts.emplace_back(cells[at]);
  }
  return texts;
}

std::vector<std::string> read_hdf5(const std::string& path, const std::string& column) {
  const auto file = io::hdf5::File::open(path);
  const auto group = file.open_group(file.has("catalogue") ? "/catalogue" : "/");
  const auto names = group.dataset_names();
  return texts_of(group.open_dataset(names[find_column(path, column, names)]));
}

std::vector<std::string> read_fits(const std::string& path, const std::string& column) {
  refuse_large_gzip(path);
  const auto table = io::fits::File::open(path).first_table();
  std::vector<std::string> names;
  for (const auto& described : table.columns()) names.push_back(described.name);
  const auto& described = table.columns()[find_column(path, column, names)];
  using io::fits::ColumnKind;
  if (described.kind == ColumnKind::string) {
    return table.read_strings(described.name, 0, table.rows());
  }
  if (described.kind != ColumnKind::integer || described.row_elements() != 1) {
    refuse_contents(path, column, to_string(described.kind));
  }
  return texts_of(table.read_integers(described.name, 0, table.rows()));
}

}  // namespace

std::vector<std::string> read_text_column(const std::string& path,
                                          const std::string& column) {
  std::vector<std::string> texts;
  switch (catalogue_format_of(path)) {
    case CatalogueFormat::csv: texts = read_csv(path, column); break;
    case CatalogueFormat::hdf5: texts = read_hdf5(path, column); break;
    case CatalogueFormat::fits: texts = read_fits(path, column); break;
  }
  refuse_empty(path, column, texts);
  return texts;
}

std::vector<std::string> read_text_dataset(const std::string& path,
                                           const std::string& dataset) {
  auto texts = texts_of(io::hdf5::File::open(path).open_dataset(dataset));
  refuse_empty(path, dataset, texts);
  return texts;
}

}  // namespace lensmill::pipeline
