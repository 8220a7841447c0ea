#include "pipeline/rerender/sample_rows.hpp"

#include <algorithm>
#include <filesystem>

#include "lib/core/random_stream.hpp"
#include "lib/core/status.hpp"
#include "pipeline/archive/open_shard.hpp"

namespace lensmill::pipeline {
namespace {

std::vector<std::int64_t> usable_rows(const RunOnDisk& run) {
  std::vector<std::int64_t> rows;
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    const std::string path = run.folder.shard(shard);
    if (!std::filesystem::exists(path)) continue;
    const auto status = open_shard(run, shard)
                            .file.read_all<std::int32_t>("measurements/status")
                            .values;
    const std::int64_t first = run.plan.rows_of(shard).first;
    for (std::size_t k = 0; k < status.size(); ++k) {
      const auto value = static_cast<Status>(status[k]);
      if (is_failure(value) || value == Status::unlensed) continue;
      rows.push_back(first + static_cast<std::int64_t>(k));
    }
  }
  return rows;
}

}  // namespace

std::vector<std::int64_t> draw_probe_rows(const RunOnDisk& run, std::int64_t wanted,
                                          std::uint64_t seed) {
  auto rows = usable_rows(run);
  const auto count = std::min(static_cast<std::size_t>(wanted), rows.size());
  // The first `count` places of a Fisher-Yates shuffle.
  for (std::size_t k = 0; k < count; ++k) {
    RandomStream stream(seed, static_cast<std::int64_t>(k), StreamTag::probe_sample);
    const auto other = k + static_cast<std::size_t>(stream.below(rows.size() - k));
    std::swap(rows[k], rows[other]);
  }
  rows.resize(count);
  std::ranges::sort(rows);
  return rows;
}

}  // namespace lensmill::pipeline
