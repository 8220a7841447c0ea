#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "lib/core/text.hpp"
#include "lib/io/files.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/open_files.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/read_table.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "pipeline/cli/command.hpp"

namespace lensmill::pipeline::cli {
namespace {

std::string text_of(const FactValue& value) {
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

std::string datasets_text(const io::hdf5::File& file) {
  std::string text;
  for (const std::string name : data_groups) {
    if (!file.has(name)) continue;
    const auto group = file.open_group(name);
    for (const auto& dataset : group.dataset_names()) {
      const auto info = column_info(group, dataset);
      text += fmt::format("  {:<52} {:<8} {:<18} {}\n",
                          fmt::format("/{}/{}", name, dataset), to_string(info.type),
                          io::hdf5::to_string(group.open_dataset(dataset).shape()),
                          info.unit);
    }
  }
  return text;
}

std::string provenance_text(const io::hdf5::File& file) {
  std::string text;
  const auto group = file.open_group("provenance");
  for (const auto& [name, value] : read_facts(group)) {
    text += fmt::format("  {:<32} {}\n", name, text_of(value));
  }
  if (!group.has("input_path")) return text;
  const auto roles = group.read_strings("input_role");
  const auto paths = group.read_strings("input_path");
  const auto digests = group.read_strings("input_sha256");
  for (std::size_t k = 0; k < roles.size(); ++k) {
    text += fmt::format("  {:<32} {} (sha256 {}...)\n", "input: " + roles[k], paths[k],
                        digests[k].substr(0, 12));
  }
  return text;
}

/// "format lensmill-shard 2", and the digests by which two shards are compared.
std::string format_text(const io::hdf5::File& file) {
  std::string text =
      fmt::format("format {}, version {}\n", file.read_string_attribute("format"),
                  file.read_integer_attribute("format_version"));
  for (const std::string name : {"data_digest", "record_digest"}) {
    if (!file.has_attribute(name)) continue;
    text += fmt::format("{} ({}) {}\n", name,
                        file.read_string_attribute("digest_algorithm"),
                        file.read_string_attribute(name));
  }
  return text;
}

/// A shard or NAME.h5 by itself.
std::string file_text(const std::string& path) {
  const auto file = io::hdf5::File::open(path);
  if (!file.has_attribute("format") ||
      !file.read_string_attribute("format").starts_with("lensmill")) {
    throw DataError(path + ": not a file of lensmill");
  }
  return fmt::format("{}: {}\n{}{}provenance:\n{}", path,
                     file.read_string_attribute("title"), format_text(file),
                     datasets_text(file), provenance_text(file));
}

std::string run_text(const RunOnDisk& run) {
  std::int64_t there = 0;
  std::int64_t bytes = 0;
  std::string example;
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    if (!io::exists(run.folder.shard(shard))) continue;
    const auto size = std::filesystem::file_size(run.folder.shard(shard));
    if (there == 0) example = run.folder.shard(shard);
    ++there;
    bytes += static_cast<std::int64_t>(size);
  }
  std::string text = fmt::format(
      "{}: run {}, {} rows in {} shards of {}; {} shards are there ({}){}\n",
      run.folder.path(), run.config.at("run.name"), grouped(run.plan.rows),
      run.plan.shards(), run.plan.rows_per_shard, there,
      bytes_text(static_cast<double>(bytes)),
      there == run.plan.shards() && !run.lacks_rows()
          ? ""
          : "; INCOMPLETE: continue it with --resume");
  if (run.kept) {
    text += fmt::format("{} rows wanted; catalogue.keep: {}\n",
                        grouped(run.wanted_rows()), to_text(run.kept->record()));
  }
  const std::string file = run.folder.virtual_file();
  text +=
      io::exists(file)
          ? "open " + file + " with h5py\n"
          : "no " + file + " yet: it is made at the end, or by `lensmill finalize`\n";
  return example.empty() ? text : text + file_text(example);
}

ExitCode run(const po::variables_map& values, const Context& context) {
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const auto path = values["WHAT"].as<std::string>();
    if (!io::exists(path)) throw DataError(path + ": no such file or folder");
    if (!io::is_folder(path)) {
      context.log.result(file_text(path));
      return;
    }
    const RunOnDisk run = open_run(path);
    context.log.result(run_text(run));
    const auto many = open_files_warning(run.plan.shards(), run.folder.virtual_file());
    if (!many.empty()) context.log.warning(many);
  });
  return ExitCode::ok;
}

}  // namespace

Command info_command() {
  return {.name = "info",
          .summary = "what a run or one of its files contains, and how it was made",
          .usage = "lensmill info RUN|FILE",
          .positional = "WHAT",
          .positional_help = "a run's folder, its HDF5 file or a shard",
          .example = "  lensmill info runs/quickstart\n",
          .options = po::options_description("Options", 88),
          .run = run};
}

}  // namespace lensmill::pipeline::cli
