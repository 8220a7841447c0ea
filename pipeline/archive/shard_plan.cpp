#include "pipeline/archive/shard_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return {};
  return value;
}

}  // namespace

RowRange ShardPlan::rows_of(std::int64_t shard) const {
  EXPECT(shard >= 0 && shard < shards());
  if (!starts.empty()) {
    const auto at = starts.begin() + shard;
    return {*at, *(at + 1) - *at};
  }
  const std::int64_t first = shard * rows_per_shard;
  return {first, std::min(rows_per_shard, rows - first)};
}

std::int64_t ShardPlan::shard_of(std::int64_t row) const {
  EXPECT(row >= 0 && row < rows);
  if (starts.empty()) return row / rows_per_shard;
  // The last one that begins at or before it: shards before that one may be empty.
  return std::ranges::upper_bound(starts, row) - starts.begin() - 1;
}

RowRange rank_share(std::int64_t shard_rows, int rank, int ranks) {
  EXPECT(rank >= 0 && rank < ranks);
  const std::int64_t blocks = (shard_rows + rows_per_checksum - 1) / rows_per_checksum;
  const auto start = [&](std::int64_t r) {
    return std::min(shard_rows, blocks * r / ranks * rows_per_checksum);
  };
  return {start(rank), start(rank + 1) - start(rank)};
}

ShardRange parse_shards(std::string_view text, const ShardPlan& plan) {
  const auto dash = text.find('-');
  const auto first = whole_number(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : whole_number(text.substr(dash + 1));
  if (!first || !last || *last < *first) {
    throw UsageError(fmt::format(
        "--shards {}: must be one shard or a range of shards, like 12 or 0-99", text));
  }
  if (*first >= plan.shards()) {
    throw UsageError(fmt::format("--shards {}: the run has {} shards, 0 to {}", text,
                                 plan.shards(), plan.shards() - 1));
  }
  // A job array's last range may reach beyond the end.
  return {*first, std::min(*last + 1, plan.shards())};
}

std::string shard_file_name(std::int64_t shard) {
  return fmt::format("shard-{:06}.h5", shard);
}

std::optional<std::int64_t> shard_of_file_name(std::string_view name) {
  constexpr std::string_view prefix = "shard-";
  if (!name.starts_with(prefix)) return {};
  return whole_number(name.substr(prefix.size(), name.find('.') - prefix.size()));
}

}  // namespace lensmill::pipeline
