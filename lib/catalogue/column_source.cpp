#include "lib/catalogue/column_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/catalogue/column_element.hpp"
#include "lib/core/edit_distance.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"

namespace lensmill::catalogue {

std::string contents_of(const ColumnFacts& facts) {
  switch (facts.kind) {
    case CellKind::text: return "text";
    case CellKind::logical: return "logical values";
    case CellKind::other: return "neither numbers nor text";
    default: return fmt::format("{} numbers in each row", facts.elements);
  }
}

std::vector<std::string> ColumnSource::read_texts(std::int64_t /*first*/,
                                                  std::int64_t /*count*/,
                                                  const std::string& column) const {
  throw DataError(
      fmt::format("{}: column `{}` cannot be read as text", path(), column));
}

ColumnInfo ColumnSource::stored(const std::string& column) const {
  throw DataError(fmt::format("{}: column `{}` cannot be carried", path(), column));
}

Column ColumnSource::read_stored(std::int64_t /*first*/, std::int64_t /*count*/,
                                 const ColumnInfo& info) const {
  throw DataError(fmt::format("{}: column `{}` cannot be carried", path(), info.name));
}

std::vector<std::string> all_columns(const ColumnSource& source) {
  auto names = source.columns();
  for (const auto& column : source.unread()) names.push_back(column.name);
  return names;
}

std::string spelling_of(const ColumnSource& source, const std::string& name) {
  const auto names = all_columns(source);
  const auto written = [&](const std::string& wanted) -> std::string {
    if (std::ranges::find(names, wanted) != names.end()) return wanted;
    std::string found;
    for (const auto& other : names) {
      if (lower_case(other) != lower_case(wanted)) continue;
      if (!found.empty()) return "";
      found = other;
    }
    return found;
  };
  const auto whole = written(name);
  const auto [column, element] = taken_apart(name);
  if (!whole.empty() || !element) return whole;
  const auto array = written(column);
  return array.empty() ? "" : fmt::format("{}[{}]", array, *element);
}

std::string no_such_column(const ColumnSource& source, const std::string& name) {
  const auto names = all_columns(source);
  const std::string wanted = lower_case(taken_apart(name).column);
  std::vector<std::string> alike;
  for (const auto& other : names) {
    if (lower_case(other) == wanted) alike.push_back(other);
  }
  if (alike.size() > 1) {
    return fmt::format(
        "{}: the column `{}` may be any of {}; write the name as one of "
        "them",
        source.path(), name, fmt::join(alike, ", "));
  }
  const auto distance = [&](const std::string& other) {
    return edit_distance(lower_case(other), wanted);
  };
  const auto nearest = std::ranges::min_element(names, {}, distance);
  // One letter in three may be wrong.
  const bool is_near = nearest != names.end() &&
                       distance(*nearest) <= 1 + static_cast<int>(wanted.size()) / 3;
  return fmt::format("{}: has no column `{}`{}", source.path(), name,
                     is_near ? fmt::format("; did you mean `{}`?", *nearest)
                             : fmt::format(" (it has: {})", fmt::join(names, ", ")));
}

std::string not_numbers(const ColumnSource& source, const std::string& name) {
  const auto facts = source.facts(name);
  const bool is_number = facts.kind == CellKind::any ||
                         facts.kind == CellKind::integer ||
                         facts.kind == CellKind::floating;
  if (is_number && facts.elements == 1) return "";
  auto text =
      fmt::format("{}: column `{}` contains {}, but one number in each row is needed",
                  source.path(), name, contents_of(facts));
  if (is_number && facts.elements > 1) {
    const auto array = taken_apart(name).column;
    text += fmt::format(": name one of them as `{}[0]` ... `{}[{}]`", array, array,
                        facts.elements - 1);
  }
  return text;
}

std::string text_cell(const Column& column, std::size_t row) {
  const auto bytes = column.row<char>(row);
  return {bytes.begin(), std::ranges::find(bytes, '\0')};
}

}  // namespace lensmill::catalogue
