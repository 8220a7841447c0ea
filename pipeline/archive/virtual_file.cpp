#include "pipeline/archive/virtual_file.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "lib/io/files.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/io/hdf5/seal.hpp"
#include "lib/io/hdf5/virtual_dataset.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/read_table.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::Dataset;
using io::hdf5::File;
using io::hdf5::Group;

/// What absent rows have in `rendered`; other integers: create_virtual_dataset.
constexpr std::int64_t not_rendered = 0;

constexpr auto how_to_read =
    "rows of shards that are not there read as NaN, as the lowest integer of a signed "
    "type, as 255 of uint8, and as 0 in /measurements/rendered; a process that reads "
    "all rows opens all shards: beyond its limit of open files (ulimit -n) rows read "
    "likewise, without an error";

void copy_text(const Group& from, const std::string& name, Group& to) {
  if (!from.has(name)) return;
  const Dataset source = from.open_dataset(name);
  const auto values = source.read_strings();
  auto copy = source.shape().empty() ? to.write_string(name, values.front())
                                     : to.write_strings(name, values);
  for (const auto* attribute : {"unit", "description"}) {
    copy.write_attribute(attribute, source.read_string_attribute(attribute));
  }
}

/// What is the same in all shards of the run; dates and machines are the shards' own.
void copy_provenance(const File& shard, File& file) {
  for (const auto* name : {"config_hash", "instruction_level", "build_fingerprint"}) {
    file.write_attribute(name, shard.read_string_attribute(name));
  }
  const Group from = shard.open_group("provenance");
  Group to = file.create_group("provenance");
  for (const auto& [name, value] : read_facts(from)) {
    std::visit([&, &key = name](const auto& v) { to.write_attribute(key, v); }, value);
  }
  for (const auto* name : {"resolved_yaml", "psf_self_test", "overridden_priors",
                           "input_role", "input_path", "input_sha256"}) {
    copy_text(from, name, to);
  }
}

void fill(File& file, const RunOnDisk& run, std::int64_t example) {
  const auto& plan = run.plan;
  const File shard = open_shard(run, example).file;
  write_origin(file, "lensmill run: all shards");
  file.write_attribute("format", "lensmill-run");
  file.write_attribute("format_version", format_version);
  file.write_attribute("reading", how_to_read);
  file.write_attribute("row_count", plan.rows);
  file.write_attribute("rows_per_shard", plan.rows_per_shard);
  if (run.kept) {
    file.write_attribute("candidate_count", run.kept->record().counts.candidates);
    file.write_attribute("selection", to_json(run.kept->record()));
  }
  write_axes(file, run.bands, run.aperture_radius_pix);
  copy_provenance(shard, file);

  std::vector<io::hdf5::ShardSource> sources;
  for (std::int64_t index = 0; index < plan.shards(); ++index) {
    const RowRange rows = plan.rows_of(index);
    sources.push_back({.file = "shards/" + shard_file_name(index),
                       .first_row = static_cast<std::size_t>(rows.first),
                       .rows = static_cast<std::size_t>(rows.count),
                       .rows_in_file = static_cast<std::size_t>(
                           run.kept ? run.kept->kept_in(index) : rows.count)});
  }
  for (const std::string name : data_groups) {
    if (!shard.has(name)) continue;
    const Group from = shard.open_group(name);
    Group to = file.create_group(name);
    for (const auto& dataset : from.dataset_names()) {
      io::hdf5::create_virtual_dataset(
          to, column_info(from, dataset), static_cast<std::size_t>(plan.rows),
          fmt::format("/{}/{}", name, dataset), sources,
          dataset == "rendered" ? std::optional(not_rendered) : std::nullopt);
    }
  }
}

}  // namespace

void write_virtual_file(const RunOnDisk& run) {
  const auto example = first_shard(run);
  if (!example || run.plan.rows == 0) return;
  const std::string path = run.folder.virtual_file();
  const std::size_t user_block_bytes = io::hdf5::seal_block_bytes(0);
  const std::string partial = io::own_partial(path);
  try {
    io::make_new(partial);
    File file = File::create(partial, user_block_bytes);
    fill(file, run, *example);
    file.close();
    io::hdf5::write_seal(partial, user_block_bytes, {});
    io::publish(partial, path);
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
  // Of a finalize that was killed.
  io::remove_dead_partials_of(path);
}

}  // namespace lensmill::pipeline
