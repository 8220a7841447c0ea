#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lensmill::pipeline {

/// Rows [first, first + count) of a run.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t end() const { return first + count; }
  bool operator==(const RowRange&) const = default;
};

/// Shards [first, end) of a run.
struct ShardRange {
  std::int64_t first = 0;
  std::int64_t end = 0;
  std::int64_t count() const { return end - first; }
  bool contains(std::int64_t shard) const { return shard >= first && shard < end; }
  bool operator==(const ShardRange&) const = default;
};

/// How rows are cut into shards: fixed blocks, the last one perhaps shorter; which rows
/// are in which shard then depends on two numbers alone. Rows that a selection has left
/// (kept_so_far.hpp) are blocks of any length.
struct ShardPlan {
  std::int64_t rows = 0;
  std::int64_t rows_per_shard = 1;
  /// Of a selection: each shard's first row, and `rows` at the end. Else empty.
  std::vector<std::int64_t> starts{};

  std::int64_t shards() const {
    return starts.empty() ? (rows + rows_per_shard - 1) / rows_per_shard
                          : static_cast<std::int64_t>(starts.size()) - 1;
  }
  ShardRange all() const { return {0, shards()}; }
  RowRange rows_of(std::int64_t shard) const;
  /// \pre 0 <= row < rows
  std::int64_t shard_of(std::int64_t row) const;
};

/// Rows per SHA-256 digest: a digest's rows start at a multiple of it within the shard,
/// so digests do not depend on the number of ranks.
inline constexpr std::int64_t rows_per_checksum = 64;

/// A rank's part of a shard's rows, relative to the shard: whole checksum blocks, in
/// order of rank, as even as blocks allow.
RowRange rank_share(std::int64_t shard_rows, int rank, int ranks);

/// "12-40" (both included), "7". \throws UsageError naming the option and the plan's
/// shards
ShardRange parse_shards(std::string_view text, const ShardPlan& plan);

/// "shard-000012.h5"
std::string shard_file_name(std::int64_t shard);
/// The number in a name that begins like one of these; nothing if it does not.
std::optional<std::int64_t> shard_of_file_name(std::string_view name);

}  // namespace lensmill::pipeline
