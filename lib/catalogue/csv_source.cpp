#include "lib/catalogue/csv_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "lib/catalogue/csv_header.hpp"
#include "lib/catalogue/csv_records.hpp"
#include "lib/catalogue/ecsv_units.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::int64_t rows_per_block = 4096;

template <class T>
std::optional<T> parse(std::string_view cell) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  T value{};
  const auto [end, error] =
      std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view cell) {
  if (const auto whole = parse<std::int64_t>(cell)) return whole;
  // Spreadsheets write 7 as 7.0 or 7e0.
  constexpr double exact = 9007199254740992.0;  // 2^53
  const auto real = parse<double>(cell);
  if (!real || *real != std::floor(*real) || std::abs(*real) > exact)
    return std::nullopt;
  return static_cast<std::int64_t>(*real);
}

bool is_integer_column(const std::string& name) {
  if (name == "injection_id") return true;
  const auto quantity = find_quantity(name);
  return quantity && quantity->quantity->range.integer;
}

/// The cell as an element of `column`; what is wrong with it, or "".
std::string store(std::string_view cell, std::size_t row, Column& column) {
  const auto shown = cell.substr(0, 40);
  if (cell.empty()) return "the cell is empty";
  if (column.info().type == ElementType::int64) {
    const auto value = parse_integer(cell);
    if (!value) return fmt::format("must be an integer (got `{}`)", shown);
    column.values<std::int64_t>()[row] = *value;
  } else {
    const auto value = parse<double>(cell);
    if (!value) return fmt::format("must be a number (got `{}`)", shown);
    column.values<double>()[row] = *value;
  }
  return {};
}

}  // namespace

CsvSource::CsvSource(std::string path) : path_(std::move(path)) {
  refuse_other_formats(path_);
  units_ = ecsv_units(path_);
  CsvRecords records(path_);
  columns_ = read_csv_header(records, path_);
  index_ = {0, rows_per_block};
  std::string record;
  while (records.next(record)) {
    if (index_[0] % rows_per_block == 0) {
      index_.push_back(records.offset());
      index_.push_back(records.line());
    }
    ++index_[0];
  }
}

CsvSource::CsvSource(std::string path, CsvIndex index)
    : path_(std::move(path)), index_(std::move(index)) {
  EXPECT(index_.size() >= 2 && index_[1] > 0);
  units_ = ecsv_units(path_);
  CsvRecords records(path_);
  columns_ = read_csv_header(records, path_);
}

ColumnFacts CsvSource::facts(const std::string& column) const {
  const auto unit = units_.find(column);
  return {.unit = unit == units_.end() ? "" : unit->second, .single_precision = false};
}

Table CsvSource::read(std::int64_t first, std::int64_t count,
                      std::span<const std::string> columns,
                      std::vector<BadCell>& bad) const {
  EXPECT(first >= 0 && count >= 0 && first + count <= rows());
  Table table;
  std::vector<std::size_t> positions;
  for (const auto& name : columns) {
    const auto at = std::find(columns_.begin(), columns_.end(), name);
    if (at == columns_.end()) {
      throw DataError(fmt::format("{}: has no column `{}`", path_, name));
    }
    positions.push_back(static_cast<std::size_t>(at - columns_.begin()));
    ColumnInfo info;
    info.name = name;
    info.type = is_integer_column(name) ? ElementType::int64 : ElementType::float64;
    table.emplace_back(std::move(info), static_cast<std::size_t>(count));
    if (table.back().info().type == ElementType::float64) {
      std::ranges::fill(table.back().values<double>(), std::nan(""));
    }
  }
  if (count == 0) return table;

  const auto block = static_cast<std::size_t>(first / index_[1]);
  CsvRecords records(path_, index_[2 + 2 * block], index_[3 + 2 * block]);
  std::string record;
  std::vector<std::string_view> cells;
  const std::int64_t end = first + count;
  for (auto row = static_cast<std::int64_t>(block) * index_[1]; row < end; ++row) {
    if (!records.next(record)) {
      throw DataError(
          fmt::format("{}: ends before row {} (did the file change?)", path_, row + 1));
    }
    if (row < first) continue;
    split_cells(record, cells);
    if (cells.size() != columns_.size()) {
      bad.push_back({row, "",
                     fmt::format("has {} cells (the header has {})", cells.size(),
                                 columns_.size())});
      continue;
    }
    for (std::size_t c = 0; c < positions.size(); ++c) {
      auto reason =
          store(cells[positions[c]], static_cast<std::size_t>(row - first), table[c]);
      if (!reason.empty()) bad.push_back({row, columns[c], std::move(reason)});
    }
  }
  return table;
}

std::string CsvSource::where(std::int64_t row) const {
  EXPECT(row >= 0 && row < rows());
  const auto block = static_cast<std::size_t>(row / index_[1]);
  CsvRecords records(path_, index_[2 + 2 * block], index_[3 + 2 * block]);
  std::string record;
  for (auto at = static_cast<std::int64_t>(block) * index_[1]; at <= row; ++at) {
    if (!records.next(record)) return ColumnSource::where(row);
  }
  return fmt::format("line {}", records.line());
}

}  // namespace lensmill::catalogue
