#include "pipeline/rerender/sample_rows.hpp"

#include <algorithm>
#include <filesystem>

#include "lib/core/draw_rows.hpp"
#include "lib/core/status.hpp"
#include "pipeline/archive/open_shard.hpp"

namespace lensmill::pipeline {
namespace {

std::vector<std::int64_t> usable_rows(const RunOnDisk& run) {
  check_end_of_selection(run);
  std::vector<std::int64_t> rows;
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    const std::string path = run.folder.shard(shard);
    if (!std::filesystem::exists(path)) continue;
    const auto status = open_shard(run, shard)
                            .file.read_all<std::int32_t>("measurements/status")
                            .values;
    const auto [first, count] = run.plan.rows_of(shard);
    const auto rows_of_run = std::min(status.size(), static_cast<std::size_t>(count));
    for (std::size_t k = 0; k < rows_of_run; ++k) {
      const auto value = static_cast<Status>(status[k]);
      if (is_failure(value) || value == Status::unlensed) continue;
      rows.push_back(first + static_cast<std::int64_t>(k));
    }
  }
  return rows;
}

}  // namespace

std::vector<std::int64_t> draw_probe_rows(const RunOnDisk& run, std::int64_t wanted,
                                          std::uint64_t seed,
                                          const parallel::Communicator& world) {
  std::vector<std::int64_t> drawn;
  world.agree([&] {
    if (!world.is_root()) return;
    const auto rows = usable_rows(run);
    for (const auto k : draw_rows(static_cast<std::int64_t>(rows.size()), wanted, seed,
                                  StreamTag::probe_sample)) {
      drawn.push_back(rows[static_cast<std::size_t>(k)]);
    }
  });
  world.broadcast(drawn);
  return drawn;
}

std::span<const std::int64_t> share_of(const std::vector<std::int64_t>& rows,
                                       const parallel::Communicator& world) {
  const auto rank = static_cast<std::size_t>(world.rank());
  const auto size = static_cast<std::size_t>(world.size());
  const std::size_t first = rows.size() * rank / size;
  return std::span(rows).subspan(first, rows.size() * (rank + 1) / size - first);
}

}  // namespace lensmill::pipeline
