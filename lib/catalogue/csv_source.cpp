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
#include "lib/catalogue/sextractor_header.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::int64_t rows_per_block = 4096;
constexpr double largest_exact = 9007199254740992.0;  // 2^53

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
  const auto real = parse<double>(cell);
  if (!real || *real != std::floor(*real) || std::abs(*real) > largest_exact)
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

std::string wrong_count(std::size_t cells, std::size_t names) {
  return fmt::format("has {} cells (the header has {})", cells, names);
}

/// The type that contains all cells of a column exactly.
class StoredType {
 public:
  void add(const std::string& cell) {
    bytes_ = std::max(bytes_, cell.size());
    // 007 is a name.
    const bool is_padded = cell.size() > 1 &&
                           cell.find_first_not_of("0123456789") == std::string::npos &&
                           cell.front() == '0';
    is_signed_ = is_signed_ && !is_padded && parse<std::int64_t>(cell).has_value();
    is_unsigned_ = is_unsigned_ && !is_padded && parse<std::uint64_t>(cell).has_value();
    const auto real = parse<double>(cell);
    // A whole number of more than 53 bits is not kept by a double.
    const bool is_whole = cell.find_first_not_of("+-0123456789") == std::string::npos;
    is_real_ = is_real_ && real && !is_padded &&
               !(is_whole && std::abs(*real) > largest_exact);
  }
  ElementType type() const {
    if (bytes_ == 0) return ElementType::text;
    if (is_signed_) return ElementType::int64;
    if (is_unsigned_) return ElementType::uint64;
    return is_real_ ? ElementType::float64 : ElementType::text;
  }
  std::size_t text_bytes() const { return std::max<std::size_t>(bytes_, 1); }

 private:
  std::size_t bytes_ = 0;
  bool is_signed_ = true, is_unsigned_ = true, is_real_ = true;
};

/// The cell as an element of a column of a stored type; false: it is none.
bool store_text(const std::string& cell, std::size_t row, Column& column) {
  const auto put = [&]<class T>(T) {
    const auto value = parse<T>(cell);
    if (value) column.values<T>()[row] = *value;
    return value.has_value();
  };
  switch (column.info().type) {
    case ElementType::int64: return put(std::int64_t{});
    case ElementType::uint64: return put(std::uint64_t{});
    case ElementType::float64: return put(double{});
    default: break;
  }
  const auto bytes = column.row<char>(row);
  if (cell.size() > bytes.size()) return false;
  std::ranges::copy(cell, bytes.begin());
  return true;
}

}  // namespace

CsvSource::CsvSource(std::string path) : path_(std::move(path)) {
  refuse_other_formats(path_);
  units_ = ecsv_units(path_);
  CsvRecords records(path_);
  read_header(records);
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
  read_header(records);
}

void CsvSource::read_header(CsvRecords& records) {
  if (auto comments = sextractor_header(path_)) {
    columns_ = std::move(comments->names);
    units_ = std::move(comments->units);
    separator_ = blanks;
    return;
  }
  auto header = read_csv_header(records, path_);
  columns_ = std::move(header.names);
  separator_ = header.separator;
}

std::size_t CsvSource::position_of(const std::string& column) const {
  const auto at = std::find(columns_.begin(), columns_.end(), column);
  if (at == columns_.end()) throw DataError(no_such_column(*this, column));
  return static_cast<std::size_t>(at - columns_.begin());
}

ColumnFacts CsvSource::facts(const std::string& column) const {
  const auto unit = units_.find(column);
  return {.unit = unit == units_.end() ? "" : unit->second,
          .single_precision = false,
          .kind = CellKind::any};
}

template <class Visit>
void CsvSource::for_rows(std::int64_t first, std::int64_t count, Visit&& visit) const {
  EXPECT(first >= 0 && count >= 0 && first + count <= rows());
  if (count == 0) return;
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
    split_cells(record, separator_, cells);
    visit(row, cells);
  }
}

Table CsvSource::read(std::int64_t first, std::int64_t count,
                      std::span<const std::string> columns,
                      std::vector<BadCell>& bad) const {
  Table table;
  std::vector<std::size_t> positions;
  for (const auto& name : columns) {
    positions.push_back(position_of(name));
    ColumnInfo info;
    info.name = name;
    info.type = is_integer_column(name) ? ElementType::int64 : ElementType::float64;
    table.emplace_back(std::move(info), static_cast<std::size_t>(count));
    if (table.back().info().type == ElementType::float64) {
      std::ranges::fill(table.back().values<double>(), std::nan(""));
    }
  }
  for_rows(first, count, [&](std::int64_t row, const auto& cells) {
    if (cells.size() != columns_.size()) {
      bad.push_back({row, "", wrong_count(cells.size(), columns_.size())});
      return;
    }
    for (std::size_t c = 0; c < positions.size(); ++c) {
      auto reason =
          store(cells[positions[c]], static_cast<std::size_t>(row - first), table[c]);
      if (!reason.empty()) bad.push_back({row, columns[c], std::move(reason)});
    }
  });
  return table;
}

std::vector<std::string> CsvSource::read_texts(std::int64_t first, std::int64_t count,
                                               const std::string& column) const {
  const auto position = position_of(column);
  std::vector<std::string> texts;
  for_rows(first, count, [&](std::int64_t row, const auto& cells) {
    if (cells.size() != columns_.size()) {
      throw DataError(fmt::format("{}, {}: {}", path_, where(row),
                                  wrong_count(cells.size(), columns_.size())));
    }
    texts.emplace_back(cells[position]);
  });
  return texts;
}

ColumnInfo CsvSource::stored(const std::string& column) const {
  StoredType type;
  for (std::int64_t first = 0; first < rows(); first += rows_per_block) {
    const auto count = std::min(rows_per_block, rows() - first);
    for (const auto& text : read_texts(first, count, column)) type.add(text);
  }
  ColumnInfo info;
  info.name = column;
  info.unit = facts(column).unit;
  info.type = type.type();
  if (info.type == ElementType::text) info.row_shape = {type.text_bytes()};
  return info;
}

Column CsvSource::read_stored(std::int64_t first, std::int64_t count,
                              const ColumnInfo& info) const {
  Column column(info, static_cast<std::size_t>(count));
  const auto texts = read_texts(first, count, info.name);
  for (std::size_t row = 0; row < texts.size(); ++row) {
    if (store_text(texts[row], row, column)) continue;
    throw DataError(fmt::format("{}: column `{}` has changed since it was looked at",
                                path_, info.name));
  }
  return column;
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
