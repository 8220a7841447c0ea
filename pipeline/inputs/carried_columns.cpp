#include "pipeline/inputs/carried_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::int64_t rows_at_once = 65536;

/// Ids in floating point: whole numbers beyond what the type tells apart.
template <class T>
void refuse_rounded_ids(const catalogue::ColumnSource& source, const ColumnInfo& info,
                        double largest_exact) {
  bool all_whole = true;
  std::int64_t beyond = -1;
  double example = 0.0;
  for (std::int64_t first = 0; first < source.rows() && all_whole;
       first += rows_at_once) {
    const auto block =
        source.read_stored(first, std::min(rows_at_once, source.rows() - first), info);
    for (std::size_t row = 0; row < block.rows() && all_whole; ++row) {
      for (const T value : block.row<T>(row)) {
        if (!std::isfinite(value)) continue;
        all_whole = all_whole && value == std::floor(value);
        if (beyond < 0 && std::abs(double{value}) > largest_exact) {
          beyond = first + static_cast<std::int64_t>(row);
          example = double{value};
        }
      }
    }
  }
  if (!all_whole || beyond < 0) return;
  throw DataError(fmt::format(
      "{}: column `{}` contains whole numbers as {}, which does not tell ids beyond "
      "{:.0f} apart ({} has {:.0f}): the digits are lost already; write it from its "
      "origin as 64-bit integers or text",
      source.path(), info.name, to_string(info.type), largest_exact,
      source.where(beyond), example));
}

}  // namespace

ColumnInfo carried(const catalogue::ColumnSource& source, const std::string& name) {
  const auto spelling = catalogue::spelling_of(source, name);
  const auto names = catalogue::all_columns(source);
  if (spelling.empty() || std::ranges::find(names, spelling) == names.end()) {
    throw ConfigError("catalogue.file.carry: " +
                      catalogue::no_such_column(source, name));
  }
  auto info = source.stored(spelling);
  if (info.type == ElementType::float64) {
    refuse_rounded_ids<double>(source, info, 9007199254740992.0);  // 2^53
  } else if (info.type == ElementType::float32) {
    refuse_rounded_ids<float>(source, info, 16777216.0);  // 2^24
  }
  info.description =
      fmt::format("column {} of the catalogue file, as it is{}{}", info.name,
                  info.description.empty() ? "" : "; ", info.description);
  return info;
}

void broadcast_columns(std::vector<ColumnInfo>& columns,
                       const parallel::Communicator& world) {
  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;  // per column: type, axes, extents
  for (const auto& info : columns) {
    texts.insert(texts.end(), {info.name, info.unit, info.description});
    numbers.push_back(static_cast<std::int64_t>(info.type));
    numbers.push_back(static_cast<std::int64_t>(info.row_shape.size()));
    for (const auto extent : info.row_shape) {
      numbers.push_back(static_cast<std::int64_t>(extent));
    }
  }
  world.broadcast(texts);
  world.broadcast(numbers);
  columns.clear();
  std::size_t at = 0;
  for (std::size_t k = 0; k + 2 < texts.size(); k += 3) {
    ColumnInfo info{.name = texts[k],
                    .unit = texts[k + 1],
                    .description = texts[k + 2],
                    .type = static_cast<ElementType>(numbers[at]),
                    .row_shape = {}};
    const auto axes = static_cast<std::size_t>(numbers[at + 1]);
    for (std::size_t axis = 0; axis < axes; ++axis) {
      info.row_shape.push_back(static_cast<std::size_t>(numbers[at + 2 + axis]));
    }
    at += 2 + axes;
    columns.push_back(std::move(info));
  }
}

}  // namespace lensmill::pipeline
