#include "lib/catalogue/mapped_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr auto id_name = "injection_id";

/// A column of ours without values yet.
Column empty_column(const std::string& name, std::int64_t rows) {
  const auto found = find_quantity(name);
  ColumnInfo info;
  info.name = name;
  if (found) info.unit = found->quantity->unit;
  return {std::move(info), static_cast<std::size_t>(rows)};
}

}  // namespace

RowMapping MappedSource::made_ready(const ColumnSource& source, ColumnMapping& mapping,
                                    std::string& id_column) {
  std::vector<std::string> problems;
  for (auto& map : mapping.columns) {
    const auto place = map.where.empty() ? map.ours : map.where;
    const auto spelling = spelling_of(source, map.theirs);
    if (spelling.empty()) {
      problems.push_back(place + ": " + no_such_column(source, map.theirs));
      continue;
    }
    map.theirs = spelling;
    const auto contents = not_numbers(source, spelling);
    if (!contents.empty()) problems.push_back(place + ": " + contents);
  }
  const auto id = std::ranges::find(mapping.columns, id_name, &ColumnMap::ours);
  if (id != mapping.columns.end()) {
    id_column = id->theirs;
    mapping.columns.erase(id);
  }
  RowMapping rows(mapping, [&](const std::string& theirs) {
    return spelling_of(source, theirs).empty()
               ? std::nullopt
               : std::optional(source.facts(theirs).unit);
  });
  for (const auto& [ours, text] : rows.problems()) {
    const auto map = std::ranges::find(mapping.columns, ours, &ColumnMap::ours);
    const bool known = map != mapping.columns.end() && !map->where.empty();
    problems.push_back(
        fmt::format("{}: {}: {}", known ? map->where : ours, source.path(), text));
  }
  if (!problems.empty()) {
    throw ConfigError(fmt::format("{}", fmt::join(problems, "\n")));
  }
  return rows;
}

MappedSource::MappedSource(std::unique_ptr<const ColumnSource> source,
                           ColumnMapping mapping)
    : source_(std::move(source)),
      mapping_(std::move(mapping)),
      rows_(made_ready(*source_, mapping_, id_column_)) {
  if (!id_column_.empty()) columns_.emplace_back(id_name);
  std::ranges::copy(rows_.outputs(), std::back_inserter(columns_));
}

ColumnFacts MappedSource::facts(const std::string& column) const {
  if (column == id_name) return source_->facts(id_column_);
  const auto found = find_quantity(column);
  return {.unit = found ? std::string(found->quantity->unit) : ""};
}

std::string MappedSource::origin(const std::string& column) const {
  if (column == id_name) return fmt::format(" (column `{}`)", id_column_);
  const auto theirs = rows_.source_of(column);
  return theirs.empty() ? "" : fmt::format(" (column {})", theirs);
}

Column MappedSource::read_ids(std::int64_t first, std::int64_t count,
                              std::vector<BadCell>& bad) const {
  if (source_->facts(id_column_).kind != CellKind::any) {
    Table table = source_->read(first, count, std::vector{id_column_}, bad);
    return std::move(table[0]);
  }
  // Text would be read as floating-point numbers, which do not tell large ids apart.
  ColumnInfo info;
  info.name = id_column_;
  info.type = ElementType::int64;
  Column ids(std::move(info), static_cast<std::size_t>(count));
  const auto texts = source_->read_texts(first, count, id_column_);
  for (std::size_t row = 0; row < texts.size(); ++row) {
    const char* end = texts[row].data() + texts[row].size();
    const auto [at, error] =
        std::from_chars(texts[row].data(), end, ids.values<std::int64_t>()[row]);
    if (error == std::errc{} && at == end) continue;
    bad.push_back({first + static_cast<std::int64_t>(row), id_name,
                   fmt::format("must be an integer below 2^63 (got `{}`)",
                               texts[row].substr(0, 40))});
  }
  return ids;
}

Table MappedSource::read(std::int64_t first, std::int64_t count,
                         std::span<const std::string> columns,
                         std::vector<BadCell>& bad) const {
  std::vector<BadCell> unread;
  const Table theirs = source_->read(first, count, rows_.inputs(), unread);
  for (auto& cell : unread) {
    if (!cell.column.empty()) {
      const auto map =
          std::ranges::find(mapping_.columns, cell.column, &ColumnMap::theirs);
      cell.reason = fmt::format("(column `{}`) {}", cell.column, cell.reason);
      cell.column = map == mapping_.columns.end() ? "" : map->ours;
    }
    bad.push_back(std::move(cell));
  }
  Table ours;
  for (const auto& name : rows_.outputs()) ours.push_back(empty_column(name, count));
  std::vector<double> in(theirs.size());
  std::vector<double> out(ours.size());
  for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
    for (std::size_t c = 0; c < in.size(); ++c) in[c] = real_cell(theirs[c], row);
    auto wrong = rows_.apply(in, out);
    for (std::size_t c = 0; c < out.size(); ++c) ours[c].values<double>()[row] = out[c];
    if (!wrong.empty()) {
      bad.push_back({first + static_cast<std::int64_t>(row), "", std::move(wrong)});
    }
  }
  Table table;
  for (const auto& name : columns) {
    if (name == id_name) {
      auto ids = read_ids(first, count, bad);
      ColumnInfo info = ids.info();
      info.name = id_name;
      Column named(std::move(info), ids.rows());
      std::ranges::copy(ids.bytes(), named.bytes().begin());
      table.push_back(std::move(named));
      continue;
    }
    const auto* column = find_column(ours, name);
    EXPECT(column != nullptr);
    table.push_back(*column);
  }
  return table;
}

}  // namespace lensmill::catalogue
