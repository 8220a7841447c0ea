#include "pipeline/archive/open_shard.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "lib/core/errors.hpp"
#include "pipeline/archive/dataset_list.hpp"

namespace lensmill::pipeline {

std::optional<std::int64_t> first_shard(const RunOnDisk& run) {
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    if (std::filesystem::exists(run.folder.shard(shard))) return shard;
  }
  return {};
}

std::string other_shard(const RunOnDisk& run, std::int64_t index,
                        const io::hdf5::File& file, const ShardHeader& header) {
  const RowRange planned = run.blocks.rows_of(index);
  if (header.index != index || header.rows.first != planned.first ||
      header.rows.count > planned.count) {
    return fmt::format("{}: contains shard {}, rows {} to {}, where {} to {} belong",
                       file.file_path(), header.index, header.rows.first,
                       header.rows.end() - 1, planned.first, planned.end() - 1);
  }
  if (!run.config_hash.empty() && header.identity.config_hash != run.config_hash) {
    return fmt::format(
        "{}: made by another configuration or other inputs than shards before",
        file.file_path());
  }
  if (run.format_version > 0 && header.version != run.format_version) {
    return fmt::format(
        "{}: has format version {}, but the run's first shard has {}: a run has shards "
        "of one version; put back the shard that belongs here, or make the run anew",
        file.file_path(), header.version, run.format_version);
  }
  if (header.version >= 2) return missing_dataset(file);
  return {};
}

std::string config_difference(const RunOnDisk& run, const io::hdf5::File& file,
                              const ShardHeader& header) {
  if (header.run_rows > run.wanted_rows()) {
    return fmt::format("rows of the run: {} -> {}", header.run_rows, run.wanted_rows());
  }
  const auto text = file.read_strings("provenance/resolved_yaml").at(0);
  if (text == run.resolved_yaml) return {};
  return fmt::format(
      "{}",
      fmt::join(config_differences(flatten(text, file.file_path()), run.config), "; "));
}

void check_end_of_selection(const RunOnDisk& run) {
  const std::int64_t next = run.plan.shards();
  if (!run.lacks_rows() || next >= run.blocks.shards()) return;
  if (std::filesystem::exists(run.folder.shard(next))) open_shard(run, next);
}

OpenShard open_shard(const RunOnDisk& run, std::int64_t index) {
  auto file = open_shard_file(run.folder.shard(index));
  auto header = ShardHeader::read(file);
  const auto other = other_shard(run, index, file, header);
  if (!other.empty()) throw DataError(other);
  const auto difference = config_difference(run, file, header);
  if (!difference.empty()) {
    throw DataError(
        fmt::format("{}: is not the configuration that {} was made with (edited since? "
                    "put it back: /provenance/resolved_yaml has it): {}",
                    run.folder.run_yaml(), file.file_path(), difference));
  }
  return {std::move(file), std::move(header)};
}

}  // namespace lensmill::pipeline
