#include "lib/catalogue/table_cut.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "lib/catalogue/column_element.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::int64_t rows_at_once = 65536;
constexpr std::size_t most_shown = 10;

std::string place_of(const TableCut& cut) {
  return cut.where.empty() ? cut.column : cut.where;
}

[[noreturn]] void refuse(const ColumnSource& source, const TableCut& cut,
                         const std::string& holds, const std::string& form) {
  throw ConfigError(fmt::format("{}: {}: column `{}` contains {}; a cut on it is {}",
                                place_of(cut), source.path(), cut.column, holds, form));
}

/// What a cut on a column of this kind looks like.
std::string form_of(const ColumnFacts& facts) {
  if (facts.kind == CellKind::text) return "a list of texts";
  if (facts.kind == CellKind::logical) return "true or false";
  return facts.kind == CellKind::other ? "not possible" : "[min, max]";
}

void refuse_bad_cells(const ColumnSource& source, const std::vector<BadCell>& bad) {
  if (bad.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < std::min(bad.size(), most_shown); ++i) {
    text += fmt::format("\n  {}, column {}: {}", source.where(bad[i].row),
                        bad[i].column, bad[i].reason);
  }
  throw DataError(fmt::format("{}: {} cells of a cut's column are no numbers:{}",
                              source.path(), bad.size(), text));
}

/// Calls visit(first, count) for blocks of all rows.
template <class Visit>
void for_blocks(const ColumnSource& source, Visit&& visit) {
  for (std::int64_t first = 0; first < source.rows(); first += rows_at_once) {
    visit(first, std::min(rows_at_once, source.rows() - first));
  }
}

/// An integer that a text is in all; nothing for 007.0, 1e6.
std::optional<CutNumber> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  std::int64_t with_sign = 0;
  const auto read = std::from_chars(text.data(), end, with_sign);
  if (read.ec == std::errc{} && read.ptr == end) return with_sign;
  std::uint64_t without = 0;
  const auto large = std::from_chars(text.data(), end, without);
  if (large.ec == std::errc{} && large.ptr == end) return without;
  return std::nullopt;
}

/// Element k of every row of a block as numbers; nothing where its type is not one of
/// 64-bit integers.
std::vector<CutNumber> whole_numbers(const Column& block, std::size_t k) {
  std::vector<CutNumber> numbers;
  for (std::size_t row = 0; row < block.rows(); ++row) {
    if (block.info().type == ElementType::int64) {
      numbers.push_back(block.row<std::int64_t>(row)[k]);
    } else if (block.info().type == ElementType::uint64) {
      numbers.push_back(block.row<std::uint64_t>(row)[k]);
    }
  }
  return numbers;
}

/// The cells of a block of rows as numbers; what is undefined is NaN.
class CutCells {
 public:
  CutCells(const ColumnSource& source, std::string column)
      : source_(source), column_(std::move(column)), facts_(source.facts(column_)) {
    if (facts_.kind != CellKind::integer) return;
    const auto names = all_columns(source);
    auto place = std::ranges::find(names, column_) != names.end()
                     ? ColumnElement{column_, {}}
                     : taken_apart(column_);
    element_ = place.element.value_or(0);
    auto info = source.stored(place.column);
    if (info.type == ElementType::int64 || info.type == ElementType::uint64) {
      stored_ = std::move(info);
    }
  }

  std::vector<CutNumber> read(std::int64_t first, std::int64_t count) const {
    std::vector<CutNumber> whole;
    if (stored_) {
      whole = whole_numbers(source_.read_stored(first, count, *stored_), element_);
      if (!facts_.may_be_undefined) return whole;
    }
    std::vector<BadCell> bad;
    const Table table = source_.read(first, count, std::vector{column_}, bad);
    refuse_bad_cells(source_, bad);
    std::vector<CutNumber> numbers;
    for (std::size_t row = 0; row < table[0].rows(); ++row) {
      const double rounded = real_cell(table[0], row);
      const bool is_whole = !whole.empty() && !std::isnan(rounded);
      numbers.push_back(is_whole ? whole[row] : CutNumber{rounded});
    }
    if (facts_.kind == CellKind::any && may_be_rounded(numbers)) {
      const auto texts = source_.read_texts(first, count, column_);
      for (std::size_t row = 0; row < texts.size(); ++row) {
        numbers[row] = whole_number(texts[row]).value_or(numbers[row]);
      }
    }
    return numbers;
  }

 private:
  static bool may_be_rounded(const std::vector<CutNumber>& numbers) {
    constexpr CutNumber largest_exact = 9007199254740992.0L;  // 2^53
    return std::ranges::any_of(
        numbers, [](CutNumber value) { return std::abs(value) >= largest_exact; });
  }

  const ColumnSource& source_;
  std::string column_;
  ColumnFacts facts_;
  std::size_t element_ = 0;
  std::optional<ColumnInfo> stored_;  ///< of 64-bit integers
};

std::vector<bool> in_range(const ColumnSource& source, const TableCut& cut,
                           const std::string& column, const CutRange& range) {
  const auto contents = not_numbers(source, column);
  if (!contents.empty()) {
    const auto facts = source.facts(column);
    if (facts.kind == CellKind::text || facts.kind == CellKind::logical) {
      refuse(source, cut, contents_of(facts), form_of(facts));
    }
    throw ConfigError(place_of(cut) + ": " + contents);
  }
  const CutCells cells(source, column);
  std::vector<bool> result;
  for_blocks(source, [&](std::int64_t first, std::int64_t count) {
    for (const auto value : cells.read(first, count)) {
      result.push_back(range.contains(value));
    }
  });
  return result;
}

/// 1, 0, or undefined_logical for a text that is neither.
std::uint8_t logical_of(const std::string& text) {
  const auto word = lower_case(text);
  if (word == "true" || word == "t" || word == "1") return 1;
  return word == "false" || word == "f" || word == "0" ? 0 : undefined_logical;
}

std::vector<bool> is_truth(const ColumnSource& source, const TableCut& cut,
                           const std::string& column, bool wanted) {
  const auto facts = source.facts(column);
  const bool as_text = facts.kind == CellKind::any;
  const bool possible =
      (as_text || facts.kind == CellKind::logical || facts.kind == CellKind::integer) &&
      facts.elements == 1;
  if (!possible) refuse(source, cut, contents_of(facts), form_of(facts));
  std::vector<bool> result;
  for_blocks(source, [&](std::int64_t first, std::int64_t count) {
    std::vector<std::uint8_t> cells;
    if (facts.kind == CellKind::logical) {
      const auto block = source.read_stored(first, count, source.stored(column));
      const auto values = block.values<std::uint8_t>();
      cells.assign(values.begin(), values.end());
    } else {
      for (const auto& text : source.read_texts(first, count, column)) {
        cells.push_back(logical_of(text));
      }
    }
    for (std::size_t row = 0; row < cells.size(); ++row) {
      if (cells[row] > 1 && facts.kind != CellKind::logical) {
        throw DataError(fmt::format(
            "{} {}: column `{}` is neither true nor false ({} asks for it)",
            source.path(), source.where(first + static_cast<std::int64_t>(row)), column,
            place_of(cut)));
      }
      result.push_back(cells[row] == (wanted ? 1 : 0));
    }
  });
  return result;
}

std::vector<bool> is_one_of(const ColumnSource& source, const TableCut& cut,
                            const std::string& column,
                            const std::vector<std::string>& wanted) {
  const auto facts = source.facts(column);
  const bool is_text = facts.kind == CellKind::text || facts.kind == CellKind::any;
  if (!is_text || facts.elements != 1) {
    refuse(source, cut, contents_of(facts), form_of(facts));
  }
  std::vector<bool> result;
  for_blocks(source, [&](std::int64_t first, std::int64_t count) {
    for (const auto& text : source.read_texts(first, count, column)) {
      result.push_back(std::ranges::find(wanted, text) != wanted.end());
    }
  });
  return result;
}

std::string column_of(const ColumnSource& source, const TableCut& cut) {
  auto column = spelling_of(source, cut.column);
  if (!column.empty()) return column;
  throw ConfigError(place_of(cut) + ": " + no_such_column(source, cut.column));
}

/// Texts of a cut that no row has, as a sentence; "" for none.
std::string absent_texts(const ColumnSource& source, const TableCut& cut) {
  const auto* wanted = std::get_if<std::vector<std::string>>(&cut.wanted);
  if (wanted == nullptr) return "";
  std::set<std::string> there;
  for_blocks(source, [&](std::int64_t first, std::int64_t count) {
    for (auto& text : source.read_texts(first, count, column_of(source, cut))) {
      if (there.size() < 1000) there.insert(std::move(text));
    }
  });
  std::vector<std::string> absent;
  for (const auto& text : *wanted) {
    if (!there.contains(text)) absent.push_back(text);
  }
  if (absent.empty()) return "";
  std::vector<std::string> shown(there.begin(), there.end());
  if (shown.size() > most_shown) shown.resize(most_shown);
  return fmt::format("{}: {}: no row has {} {}; there are {}{}", place_of(cut),
                     source.path(), cut.column, fmt::join(absent, ", "),
                     fmt::join(shown, ", "), there.size() > most_shown ? ", ..." : "");
}

}  // namespace

std::string number_text(CutNumber value) {
  const auto rounded = static_cast<double>(value);
  if (CutNumber{rounded} == value) return fmt::format("{}", rounded);
  return fmt::format("{:.0f}", value);  // 64-bit integers alone are no doubles
}

std::string TableCut::text() const {
  if (const auto* range = std::get_if<CutRange>(&wanted)) {
    return fmt::format("{} in [{}, {}]", column, number_text(range->lower),
                       number_text(range->upper));
  }
  if (const auto* truth = std::get_if<bool>(&wanted)) {
    return fmt::format("{} is {}", column, *truth);
  }
  return fmt::format("{} in [{}]", column,
                     fmt::join(std::get<std::vector<std::string>>(wanted), ", "));
}

std::vector<bool> passes(const ColumnSource& source, const TableCut& cut) {
  const auto column = column_of(source, cut);
  if (const auto* range = std::get_if<CutRange>(&cut.wanted)) {
    return in_range(source, cut, column, *range);
  }
  if (const auto* truth = std::get_if<bool>(&cut.wanted)) {
    return is_truth(source, cut, column, *truth);
  }
  return is_one_of(source, cut, column, std::get<std::vector<std::string>>(cut.wanted));
}

std::string counts_text(const std::vector<TableCut>& cuts,
                        const std::vector<std::int64_t>& passed) {
  std::string text;
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    text += fmt::format("{}{}: {}", c == 0 ? "" : ", ", cuts[c].text(), passed[c]);
  }
  return text;
}

std::vector<std::int64_t> select_rows(const ColumnSource& source,
                                      const std::vector<TableCut>& cuts,
                                      const std::string& key,
                                      std::vector<std::string>& warnings) {
  std::vector<bool> taken(static_cast<std::size_t>(source.rows()), true);
  std::vector<std::int64_t> passed;
  for (const auto& cut : cuts) {
    const auto pass = passes(source, cut);
    passed.push_back(std::ranges::count(pass, true));
    for (std::size_t row = 0; row < taken.size(); ++row) {
      taken[row] = taken[row] && pass[row];
    }
    auto absent = absent_texts(source, cut);
    if (!absent.empty()) warnings.push_back(std::move(absent));
  }
  std::vector<std::int64_t> rows;
  for (std::size_t row = 0; row < taken.size(); ++row) {
    if (taken[row]) rows.push_back(static_cast<std::int64_t>(row));
  }
  if (rows.empty() && !cuts.empty() && source.rows() > 0) {
    std::string hints;
    for (const auto& warning : warnings) hints += "\n" + warning;
    throw DataError(fmt::format("{}: none of its {} rows passes {} ({}); widen them{}",
                                source.path(), source.rows(), key,
                                counts_text(cuts, passed), hints));
  }
  return rows;
}

}  // namespace lensmill::catalogue
