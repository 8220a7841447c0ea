#include "pipeline/archive/verify_shards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/archive/block_digests.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/read_table.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "pipeline/program/steps.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::File;

constexpr auto version_1_lacks =
    "shards of format version 1 have no list of their datasets and no digests of their "
    "structure, units, descriptions and provenance: only the values of the datasets "
    "that "
    "are there were checked";

/// Compare a dataset with the digests stored beside it, block by block; the digests.
std::vector<std::string> verify_dataset(const File& file, const std::string& group_name,
                                        const std::string& name,
                                        const std::vector<RowRange>& ranges,
                                        VerifyReport& report) {
  const auto group = file.open_group(group_name);
  const std::string digest_path = "provenance/sha256/" + group_name + "/" + name;
  if (!file.has(digest_path)) {
    report.problems.push_back(
        fmt::format("{}: /{}/{} has no checksums", file.file_path(), group_name, name));
    return {};
  }
  const auto digests = file.read_strings(digest_path);
  const auto rows = static_cast<std::int64_t>(group.open_dataset(name).rows());
  if (rows != (ranges.empty() ? 0 : ranges.back().end()) ||
      digests.size() != ranges.size()) {
    report.problems.push_back(fmt::format(
        "{}: /{}/{}: has {} rows and {} digests, not those that were written",
        file.file_path(), group_name, name, rows, digests.size()));
    return digests;
  }
  for (std::size_t block = 0; block < ranges.size(); ++block) {
    const RowRange& range = ranges[block];
    const Column column = read_column(group, name, range);
    report.bytes += static_cast<std::int64_t>(column.bytes().size());
    if (io::sha256_of(column.bytes()) == digests[block]) continue;
    report.problems.push_back(fmt::format(
        "{}: /{}/{}: rows {} to {} do not have the bytes they were written with",
        file.file_path(), group_name, name, range.first, range.end() - 1));
  }
  return digests;
}

void verify_digests(const File& file,
                    std::map<std::string, std::vector<std::string>>& blocks,
                    VerifyReport& report) {
  auto listed = dataset_problems(file);
  report.problems.insert(report.problems.end(), listed.begin(), listed.end());
  const auto list = read_dataset_list(file);
  std::vector<std::vector<std::string>> in_order;
  for (const auto& entry : list) {
    in_order.push_back(std::move(blocks[entry["name"].get<std::string>()]));
  }
  if (data_digest(list, in_order) != file.read_string_attribute("data_digest")) {
    report.problems.push_back(file.file_path() +
                              ": the digests of its data are not those that it was "
                              "written with (data_digest)");
  }
  if (record_digest(file) != file.read_string_attribute("record_digest")) {
    report.problems.push_back(file.file_path() +
                              ": its header or /provenance are not what it was written "
                              "with (record_digest)");
  }
}

void verify_contents(const File& file, const ShardHeader& header,
                     VerifyReport& report) {
  std::map<std::string, std::vector<std::string>> blocks;
  const auto ranges = digest_blocks(file, header);
  for (const std::string group : data_groups) {
    if (!file.has(group)) continue;
    for (const auto& name : file.open_group(group).dataset_names()) {
      blocks["/" + group + "/" + name] =
          verify_dataset(file, group, name, ranges, report);
    }
  }
  if (header.version >= 2) {
    verify_digests(file, blocks, report);
  } else {
    report.lacks = version_1_lacks;
  }
}

void verify_shard(const RunOnDisk& run, std::int64_t index, VerifyReport& report) {
  const std::string path = run.folder.shard(index);
  const std::size_t problems_before = report.problems.size();
  if (!std::filesystem::exists(path)) {
    report.problems.push_back(path + ": missing");
    return;
  }
  try {
    const auto file = open_shard_file(path);
    const auto header = ShardHeader::read(file);
    // Of another configuration: also said of shards whose rows are not the planned
    // ones.
    const auto difference = config_difference(run, file, header);
    if (!difference.empty()) {
      report.other_config = true;
      report.problems.push_back(
          fmt::format("{}: made with another configuration than {} has now: {}", path,
                      run.folder.run_yaml(), difference));
    }
    auto other = other_shard(run, index, file, header);
    if (other.empty() && header.rows != run.blocks.rows_of(index)) {
      other = fmt::format("{}: contains {} rows, not {}", path, header.rows.count,
                          run.blocks.rows_of(index).count);
    }
    if (!other.empty()) report.problems.push_back(other);
    if (header.index != index) return;
    verify_contents(file, header, report);
    if (report.problems.size() == problems_before) ++report.shards;
  } catch (const Error& error) {
    report.problems.emplace_back(error.what());
  }
}

/// The file that users open shows the shards by names in its own structure.
void verify_virtual_file(const RunOnDisk& run, VerifyReport& report) {
  const std::string path = run.folder.virtual_file();
  if (!std::filesystem::exists(path)) return;
  try {
    const auto file = File::open(path);
    if (file.has_attribute("format_version") &&
        file.read_integer_attribute("format_version") >= 2 && !file.sealed()) {
      throw DataError(path + ": has lost its seal (the text that it begins with)");
    }
  } catch (const Error& error) {
    report.problems.push_back(std::string(error.what()) +
                              "; `lensmill finalize` makes it again");
  }
}

}  // namespace

std::vector<std::string> shard_problems(const std::string& shard_path) {
  VerifyReport report;
  try {
    const auto file = open_shard_file(shard_path);
    verify_contents(file, ShardHeader::read(file), report);
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

VerifyReport verify_shards(const RunOnDisk& run, const parallel::Communicator& world,
                           Log& log) {
  VerifyReport mine;
  if (world.is_root()) verify_virtual_file(run, mine);
  // Of a selection that lacks rows: why, which the shard that comes next says.
  const std::int64_t shards =
      std::min(run.plan.shards() + (run.lacks_rows() ? 1 : 0), run.blocks.shards());
  Steps steps(log, "shards read back", shards, world.size());
  for (auto index = std::int64_t{world.rank()}; index < shards; index += world.size()) {
    verify_shard(run, index, mine);
    steps.done();
  }
  VerifyReport report{.problems = gather_problems(mine.problems, world),
                      .shards = world.sum(mine.shards),
                      .bytes = world.sum(mine.bytes),
                      .comparison = {},
                      .lacks = world.any(!mine.lacks.empty()) ? version_1_lacks : "",
                      .other_config = world.any(mine.other_config)};
  return report;
}

}  // namespace lensmill::pipeline
