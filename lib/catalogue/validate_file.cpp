#include "lib/catalogue/validate_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/catalogue/columns.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::int64_t rows_per_read = 8192;
constexpr std::size_t most_shown = 20;

/// Counts all problems and keeps the first few.
class Problems {
 public:
  explicit Problems(const ColumnSource& source) : source_(source) {}
  void add(const std::string& text) {
    ++count_;
    if (wants_more()) shown_.push_back(text);
  }
  void add(std::int64_t row, const std::string& column, const std::string& reason) {
    ++count_;
    if (!wants_more()) return;  // finding a row's line costs time
    shown_.push_back(fmt::format("{}: {}{}{}", source_.where(row), column,
                                 column.empty() ? "" : " ", reason));
  }
  void add_unseen(std::int64_t more) { count_ += more; }
  bool wants_more() const { return shown_.size() < most_shown; }
  void throw_if_any() const {
    if (count_ == 0) return;
    auto message = fmt::format("{}: {} problem{} in this catalogue", source_.path(),
                               count_, count_ == 1 ? "" : "s");
    if (count_ > static_cast<std::int64_t>(shown_.size())) {
      message += fmt::format(", the first {}", shown_.size());
    }
    message += ":";
    for (const auto& text : shown_) message += "\n  " + text;
    throw DataError(message);
  }

 private:
  const ColumnSource& source_;
  std::int64_t count_ = 0;
  std::vector<std::string> shown_;
};

/// The quantity's name that differs from this one by its case alone, with the run's
/// spelling of a band; "" if there is none.
std::string lower_case_name(const std::string& name, const BandNames& bands) {
  const std::string lower = lower_case(name);
  const auto found = find_quantity(lower);
  if (!found || lower == name) return "";
  for (const auto& band : bands) {
    if (found->band.empty() || lower_case(found->band) != lower_case(band)) continue;
    return full_name(*found->quantity, band);
  }
  return lower;
}

/// A column that the run could use, if it held one number in each row.
std::string unread_problem(const UnreadColumn& column, const BandNames& bands) {
  const bool is_known = column.name == "injection_id" || find_quantity(column.name) ||
                        !lower_case_name(column.name, bands).empty();
  if (!is_known) return "";
  return fmt::format("column `{}` contains {}, but one number in each row is needed",
                     column.name, column.holds);
}

std::string column_problem(const std::string& name, const BandNames& bands) {
  const auto found = find_quantity(name);
  if (!found) {
    const auto lower = lower_case_name(name, bands);
    if (!lower.empty()) {
      return fmt::format("column `{}` is unknown: names are in lower case, write `{}`",
                         name, lower);
    }
  }
  if (!found) {
    const auto nearest = nearest_quantity(name, bands);
    return fmt::format("column `{}` is unknown{}", name,
                       nearest.empty() ? " (see docs for the names) remove it"
                                       : ": did you mean `" + nearest + "`?");
  }
  if (found->quantity->name == "src_offset") {
    return "column `src_offset` stands for two numbers: give `src_offset_arcsec` and "
           "`src_offset_phi_rad`";
  }
  // Other bands may be in the file; one that only differs in case is a slip.
  for (const auto& written : {found->band, found->other_band}) {
    if (std::find(bands.begin(), bands.end(), written) != bands.end()) continue;
    for (const auto& band : bands) {
      if (lower_case(written) != lower_case(band)) continue;
      return fmt::format("column `{}`: the run's band is `{}`, not `{}`", name, band,
                         written);
    }
  }
  return {};
}

/// The cells of one block that could not be read, for look-up.
class BadCells {
 public:
  explicit BadCells(std::vector<BadCell> cells) : cells_(std::move(cells)) {
    std::stable_sort(cells_.begin(), cells_.end(),
                     [](const BadCell& a, const BadCell& b) { return a.row < b.row; });
  }
  const std::vector<BadCell>& list() const { return cells_; }
  bool contain(std::int64_t row, const std::string& column) const {
    auto at = std::lower_bound(
        cells_.begin(), cells_.end(), row,
        [](const BadCell& cell, std::int64_t wanted) { return cell.row < wanted; });
    for (; at != cells_.end() && at->row == row; ++at) {
      if (at->column.empty() || at->column == column) return true;
    }
    return false;
  }

 private:
  std::vector<BadCell> cells_;
};

/// Whether the ids of the rows so far ascend, across blocks.
struct Ascent {
  std::int64_t last = -1;
  bool holds = true;
};

void check_ids(const Column& ids, std::int64_t first, const BadCells& bad,
               double largest, Ascent& ascent, Problems& problems) {
  for (std::size_t i = 0; i < ids.rows(); ++i) {
    const auto row = first + static_cast<std::int64_t>(i);
    const double real = real_cell(ids, i);
    if (real > largest) {
      problems.add(
          row, "injection_id",
          fmt::format("must be at most {:.0f} (got {:.0f}): larger integers are "
                      "not told apart by the type that the file stores it in",
                      largest, real));
      ascent.holds = false;
      continue;
    }
    if (!(real >= 0.0) ||
        (ids.info().type == ElementType::float64 && real != std::floor(real))) {
      if (!bad.contain(row, "injection_id")) {
        problems.add(row, "injection_id",
                     fmt::format("must be an integer >= 0 (got {})", real));
      }
      ascent.holds = false;
      continue;
    }
    const auto id = whole_cell(ids, i);
    ascent.holds = ascent.holds && id > ascent.last;
    ascent.last = id;
  }
}

/// The largest integer up to which a column's type tells all apart.
double largest_id(const ColumnSource& source, const Column& ids) {
  if (ids.info().type == ElementType::int64) return 9.2e18;
  const bool single = source.facts("injection_id").single_precision;
  return single ? 16777216.0 : 9007199254740992.0;  // 2^24, 2^53
}

/// The quantity's range in this run: an index ends where the list that it counts in
/// does.
Range range_of(const QuantityName& name, const Needs& needs) {
  const auto base = name.quantity->name;
  std::int64_t count = 0;
  if (base == "host_index") count = needs.host_count;
  if (base == "src_image_index") count = needs.source_image_count;
  if (base == "psf_index") {
    for (std::size_t band = 0; band < needs.bands.size(); ++band) {
      const bool used = needs.psf[band] == PsfNeed::index;
      if (used && needs.bands[band] == name.band) count = needs.psf_count[band];
    }
  }
  Range range = name.quantity->range;
  if (count > 0) range = {.max = static_cast<double>(count - 1), .integer = true};
  return range;
}

void check_values(const ColumnSource& source, const Column& column, std::int64_t first,
                  const Needs& needs, const BadCells& bad, Problems& problems) {
  const auto found = find_quantity(column.info().name);
  if (!found) return;  // reported once, as a column
  const Range range = range_of(*found, needs);
  for (std::size_t i = 0; i < column.rows(); ++i) {
    const double value = real_cell(column, i);
    if (range.contains(value)) continue;
    // A row has no knots past its number of them.
    if (found->quantity->suffix == Suffix::knot && std::isnan(value)) continue;
    const auto row = first + static_cast<std::int64_t>(i);
    if (bad.contain(row, column.info().name)) continue;
    problems.add(row, column.info().name + source.origin(column.info().name),
                 std::isfinite(value) ? range.refusal(value)
                                      : fmt::format("must be finite (got {})", value));
  }
}

/// Every source lies behind its lens, where the file gives both redshifts.
void check_redshifts(const Table& table, std::int64_t first, Problems& problems) {
  const auto* lens = find_column(table, "lens_redshift");
  const auto* source = find_column(table, "src_redshift");
  if (lens == nullptr || source == nullptr) return;
  for (std::size_t i = 0; i < lens->rows(); ++i) {
    const double z_lens = real_cell(*lens, i);
    const double z_source = real_cell(*source, i);
    // What is no redshift at all is reported as that.
    if (!(z_lens > 0.0 && z_source > 0.0) || z_source > z_lens) continue;
    problems.add(first + static_cast<std::int64_t>(i), "src_redshift",
                 fmt::format("must be larger than lens_redshift (got {} and {})",
                             z_source, z_lens));
  }
}

/// Calls visit(row, id) for every row with a usable id.
template <class Visit>
void for_each_id(const ColumnSource& source, Visit&& visit) {
  const std::vector<std::string> name{"injection_id"};
  for (std::int64_t first = 0; first < source.rows(); first += rows_per_read) {
    const auto count = std::min(rows_per_read, source.rows() - first);
    std::vector<BadCell> unread;
    const auto table = source.read(first, count, name, unread);
    const BadCells bad(std::move(unread));
    for (std::size_t i = 0; i < table[0].rows(); ++i) {
      const auto row = first + static_cast<std::int64_t>(i);
      if (!(real_cell(table[0], i) >= 0.0)) continue;
      if (bad.contain(row, name[0])) continue;
      visit(row, whole_cell(table[0], i));
    }
  }
}

void check_duplicates(const ColumnSource& source, Problems& problems) {
  std::vector<std::int64_t> ids;
  ids.reserve(static_cast<std::size_t>(source.rows()));
  for_each_id(source, [&](std::int64_t, std::int64_t id) { ids.push_back(id); });
  std::sort(ids.begin(), ids.end());
  std::vector<std::pair<std::int64_t, std::int64_t>> repeated;  // id, its first row
  std::int64_t count = 0;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (ids[i] != ids[i - 1]) continue;
    ++count;
    const bool is_new = repeated.empty() || repeated.back().first != ids[i];
    if (is_new && repeated.size() < most_shown) repeated.emplace_back(ids[i], -1);
  }
  if (count == 0) return;
  // The ids shown are few: their rows are found by one more look through the column.
  std::int64_t told = 0;
  for_each_id(source, [&](std::int64_t row, std::int64_t id) {
    const auto at = std::lower_bound(repeated.begin(), repeated.end(),
                                     std::pair(id, std::int64_t{-2}));
    if (at == repeated.end() || at->first != id) return;
    if (at->second < 0) {
      at->second = row;
      return;
    }
    ++told;
    problems.add(row, "injection_id",
                 fmt::format("{} is there twice (first in {})", id,
                             problems.wants_more() ? source.where(at->second) : ""));
  });
  problems.add_unseen(count - told);
}

}  // namespace

void validate_file(const ColumnSource& source, const Needs& needs) {
  Problems problems(source);
  if (source.rows() == 0) problems.add("has no rows");
  bool has_id = false;
  for (const auto& name : source.columns()) {
    if (name == "injection_id") {
      has_id = true;
      continue;
    }
    const auto problem = column_problem(name, needs.bands);
    if (!problem.empty()) problems.add(problem);
  }
  for (const auto& problem : source.problems()) problems.add(problem);
  for (const auto& column : source.unread()) {
    const auto problem = unread_problem(column, needs.bands);
    if (!problem.empty()) problems.add(problem);
  }
  Ascent ascent;
  for (std::int64_t first = 0; first < source.rows(); first += rows_per_read) {
    const auto count = std::min(rows_per_read, source.rows() - first);
    std::vector<BadCell> unread;
    const auto table = source.read(first, count, source.columns(), unread);
    const BadCells bad(std::move(unread));
    for (const auto& cell : bad.list())
      problems.add(cell.row, cell.column, cell.reason);
    for (const auto& column : table) {
      if (column.info().name == "injection_id") {
        check_ids(column, first, bad, largest_id(source, column), ascent, problems);
      } else {
        check_values(source, column, first, needs, bad, problems);
      }
    }
    check_redshifts(table, first, problems);
  }
  if (has_id && !ascent.holds) check_duplicates(source, problems);
  problems.throw_if_any();
}

}  // namespace lensmill::catalogue
