#include "lib/catalogue/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::int64_t most_axis_values = 10'000'000;
constexpr double end_tolerance_steps = 1.0e-6;
constexpr double most_grid_rows = 9007199254740992.0;  // 2^53

RowBlock numbered_block(std::int64_t first, std::int64_t count, std::size_t columns) {
  RowBlock block;
  block.columns = columns;
  block.values.resize(static_cast<std::size_t>(count) * columns);
  for (std::int64_t i = 0; i < count; ++i) block.injection_id.push_back(first + i);
  return block;
}

std::string axis_problem(const std::vector<Axis>& axes, std::size_t index) {
  const auto& axis = axes[index];
  const auto name = find_quantity(axis.column);
  if (!name) {
    const auto nearest = nearest_quantity(axis.column, {});
    return fmt::format("unknown quantity{}",
                       nearest.empty() ? "" : ": did you mean `" + nearest + "`?");
  }
  if (axis.values.empty()) return "must have at least one value";
  for (std::size_t i = 0; i < index; ++i) {
    if (axes[i].column == axis.column) return "is listed twice";
  }
  for (double value : axis.values) {
    if (name->quantity->range.contains(value)) continue;
    return name->quantity->range.refusal(value);
  }
  return {};
}

}  // namespace

SampledRows::SampledRows(std::int64_t count) : count_(count) { EXPECT(count >= 0); }

RowBlock SampledRows::read(std::int64_t first, std::int64_t count) const {
  EXPECT(first >= 0 && count >= 0 && first + count <= count_);
  return numbered_block(first, count, 0);
}

std::vector<double> range_values(double from, double to, double step) {
  const auto where = fmt::format("from {} to {} step {}", from, to, step);
  if (!std::isfinite(from) || !std::isfinite(to) || !std::isfinite(step)) {
    throw ConfigError(where + ": must be finite");
  }
  if (step == 0.0 || (to - from) / step < 0.0) {
    throw ConfigError(where + ": the step must lead from `from` to `to`");
  }
  const double steps = std::floor((to - from) / step + end_tolerance_steps);
  if (steps >= static_cast<double>(most_axis_values)) {
    throw ConfigError(fmt::format("{}: more than {} values", where, most_axis_values));
  }
  std::vector<double> values;
  for (std::int64_t i = 0; i <= static_cast<std::int64_t>(steps); ++i) {
    values.push_back(from + static_cast<double>(i) * step);
  }
  // The end is what the user wrote, not what rounding made of it (1.0, not 0.99...9).
  if (std::abs(values.back() - to) <= end_tolerance_steps * std::abs(step)) {
    values.back() = to;
  }
  return values;
}

GridRows::GridRows(std::vector<Axis> axes) : axes_(std::move(axes)) {
  std::string problems;
  double rows = 1.0;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const auto problem = axis_problem(axes_, i);
    if (!problem.empty()) {
      problems += fmt::format("{}catalogue.grid.{}: {}", problems.empty() ? "" : "\n",
                              axes_[i].column, problem);
    }
    rows *= static_cast<double>(axes_[i].values.size());
    given_.push_back(axes_[i].column);
  }
  if (axes_.empty()) problems = "catalogue.grid: must have at least one axis";
  if (rows > most_grid_rows) problems = "catalogue.grid: more than 2^53 rows";
  if (!problems.empty()) throw ConfigError(problems);
  count_ = static_cast<std::int64_t>(rows);
}

RowBlock GridRows::read(std::int64_t first, std::int64_t count) const {
  EXPECT(first >= 0 && count >= 0 && first + count <= count_);
  auto block = numbered_block(first, count, axes_.size());
  for (std::int64_t i = 0; i < count; ++i) {
    auto rest = static_cast<std::size_t>(first + i);
    for (std::size_t axis = axes_.size(); axis-- > 0;) {
      const auto& values = axes_[axis].values;
      block.values[static_cast<std::size_t>(i) * axes_.size() + axis] =
          values[rest % values.size()];
      rest /= values.size();
    }
  }
  return block;
}

const std::vector<ColumnInfo>& Rows::carried() const {
  static const std::vector<ColumnInfo> none;
  return none;
}

FileRows::FileRows(std::unique_ptr<const ColumnSource> source,
                   std::unique_ptr<const ColumnSource> carried_from,
                   std::vector<ColumnInfo> carried)
    : source_(std::move(source)),
      carried_from_(std::move(carried_from)),
      carried_(std::move(carried)) {
  EXPECT(carried_.empty() || carried_from_ != nullptr);
  for (const auto& name : source_->columns()) {
    has_id_ = has_id_ || name == "injection_id";
    if (name != "injection_id") given_.push_back(name);
  }
  read_columns_ = given_;
  if (has_id_) read_columns_.insert(read_columns_.begin(), "injection_id");
}

std::int64_t FileRows::count() const { return source_->rows(); }

RowBlock FileRows::read(std::int64_t first, std::int64_t count) const {
  EXPECT(first >= 0 && count >= 0 && first + count <= source_->rows());
  std::vector<BadCell> bad;
  const Table table = source_->read(first, count, read_columns_, bad);
  if (!bad.empty()) {  // validation comes first: the file changed under the run
    throw DataError(fmt::format("{} {}: {}: {} (did the file change?)", source_->path(),
                                source_->where(bad[0].row), bad[0].column,
                                bad[0].reason));
  }
  auto block = numbered_block(first, count, given_.size());
  const std::size_t offset = has_id_ ? 1 : 0;
  if (has_id_) {
    for (std::size_t row = 0; row < block.rows(); ++row) {
      block.injection_id[row] = whole_cell(table[0], row);
    }
  }
  for (std::size_t c = 0; c < given_.size(); ++c) {
    for (std::size_t row = 0; row < block.rows(); ++row) {
      block.values[row * given_.size() + c] = real_cell(table[c + offset], row);
    }
  }
  for (const auto& info : carried_) {
    block.carried.push_back(carried_from_->read_stored(first, count, info));
  }
  return block;
}

double real_cell(const Column& column, std::size_t row) {
  if (column.info().type == ElementType::int64) {
    return static_cast<double>(column.values<std::int64_t>()[row]);
  }
  return column.values<double>()[row];
}

std::int64_t whole_cell(const Column& column, std::size_t row) {
  if (column.info().type == ElementType::int64)
    return column.values<std::int64_t>()[row];
  return static_cast<std::int64_t>(column.values<double>()[row]);
}

}  // namespace lensmill::catalogue
