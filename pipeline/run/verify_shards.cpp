#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/run/block_digests.hpp"
#include "pipeline/run/read_table.hpp"
#include "pipeline/run/shard_header.hpp"
#include "pipeline/run/verify_run.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::array data_groups{"images", "catalogue", "measurements"};

/// Compare a dataset with the digests stored beside it, block by block.
void verify_dataset(const io::hdf5::File& file, const std::string& group_name,
                    const std::string& name, VerifyReport& report) {
  const auto group = file.open_group(group_name);
  const std::string digest_path = "provenance/sha256/" + group_name + "/" + name;
  if (!file.has(digest_path)) {
    report.problems.push_back(
        fmt::format("{}: /{}/{} has no checksums", file.file_path(), group_name, name));
    return;
  }
  const auto digests = file.read_strings(digest_path);
  const auto rows = static_cast<std::int64_t>(group.open_dataset(name).rows());
  for (std::int64_t first = 0; first < rows; first += rows_per_checksum) {
    const RowRange range{first, std::min(rows_per_checksum, rows - first)};
    const Column column = read_column(group, name, range);
    BlockDigests found(column.info().row_bytes());
    found.add(column.bytes());
    report.bytes += static_cast<std::int64_t>(column.bytes().size());
    const auto block = static_cast<std::size_t>(first / rows_per_checksum);
    if (block >= digests.size() || found.finish() != digests[block]) {
      report.problems.push_back(fmt::format(
          "{}: /{}/{}: rows {} to {} do not have the bytes they were written with",
          file.file_path(), group_name, name, first, range.end() - 1));
    }
  }
}

void verify_datasets(const io::hdf5::File& file, VerifyReport& report) {
  for (const std::string group : data_groups) {
    if (!file.has(group)) continue;
    for (const auto& name : file.open_group(group).dataset_names()) {
      verify_dataset(file, group, name, report);
    }
  }
}

void verify_shard(const RunOnDisk& run, std::int64_t index, VerifyReport& report) {
  const std::string path = run.folder.shard(index);
  if (!std::filesystem::exists(path)) {
    report.problems.push_back(path + ": missing");
    return;
  }
  try {
    const auto file = io::hdf5::File::open(path);
    const auto header = ShardHeader::read(file);
    if (header.index != index || header.rows != run.plan.rows_of(index)) {
      report.problems.push_back(fmt::format(
          "{}: holds shard {}, rows {} to {}, where {} to {} belong", path,
          header.index, header.rows.first, header.rows.end() - 1,
          run.plan.rows_of(index).first, run.plan.rows_of(index).end() - 1));
      return;
    }
    verify_datasets(file, report);
    ++report.shards;
  } catch (const Error& error) {
    report.problems.emplace_back(error.what());
  }
}

/// Whether all shards were made from one configuration and the same inputs.
void verify_identity(const RunOnDisk& run, std::int64_t index,
                     std::optional<std::string>& config_hash, VerifyReport& report) {
  const std::string path = run.folder.shard(index);
  try {
    const auto header = ShardHeader::read(io::hdf5::File::open(path));
    if (!config_hash) config_hash = header.identity.config_hash;
    if (header.identity.config_hash != *config_hash) {
      report.problems.push_back(
          path + ": made by another configuration or other inputs than shards before");
    }
  } catch (const Error&) {
    // Missing or damaged: reported already.
  }
}

}  // namespace

std::vector<std::string> checksum_problems(const std::string& shard_path) {
  VerifyReport report;
  try {
    verify_datasets(io::hdf5::File::open(shard_path), report);
  } catch (const Error& error) {
    report.problems.emplace_back(error.what());
  }
  return report.problems;
}

std::vector<std::string> gather_problems(const std::vector<std::string>& mine,
                                         const parallel::Communicator& world) {
  std::string joined;
  for (const auto& problem : mine) joined += problem + '\n';
  std::vector<std::string> all;
  for (const auto& text : world.all_gather(joined)) {
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      all.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return all;
}

VerifyReport verify_shards(const RunOnDisk& run, const parallel::Communicator& world) {
  VerifyReport mine;
  for (auto index = std::int64_t{world.rank()}; index < run.plan.shards();
       index += world.size()) {
    verify_shard(run, index, mine);
  }
  VerifyReport report{.problems = gather_problems(mine.problems, world),
                      .shards = world.sum(mine.shards),
                      .bytes = world.sum(mine.bytes),
                      .comparison = {}};
  if (world.is_root()) {
    std::optional<std::string> config_hash;
    for (std::int64_t index = 0; index < run.plan.shards(); ++index) {
      verify_identity(run, index, config_hash, report);
    }
  }
  return report;
}

}  // namespace lensmill::pipeline
