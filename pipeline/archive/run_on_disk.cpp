#include "pipeline/archive/run_on_disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/core/errors.hpp"
#include "lib/core/saltelli.hpp"
#include "lib/io/files.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {
namespace {

const std::string& value(const FlatConfig& config, const std::string& key,
                         const std::string& file) {
  const auto at = config.find(key);
  if (at == config.end()) throw DataError(file + ": has no " + key);
  return at->second;
}

template <class Number>
Number number(const FlatConfig& config, const std::string& key,
              const std::string& file) {
  const std::string& text = value(config, key, file);
  Number result{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw DataError(fmt::format("{}: {}: not a number (\"{}\")", file, key, text));
  }
  return result;
}

/// Rows of the run: the configuration's number, or what the shards say (a file
/// catalogue's length is nowhere else).
std::int64_t rows_of(const RunFolder& folder, const FlatConfig& config,
                     const std::optional<ShardHeader>& shard) {
  std::int64_t rows = 0;
  for (const std::string_view name : count_keys) {
    const std::string key(name);
    if (!config.contains(key)) continue;
    rows = number<std::int64_t>(config, key, folder.run_yaml());
    if (name == saltelli_count_key) {
      rows *= saltelli_rows_per_point(saltelli_factors(config).size());
    }
  }
  if (rows > 0) return rows;
  if (shard) return shard->run_rows;
  throw DataError(folder.path() +
                  ": no shard is there yet (nothing to read; continue the run with "
                  "`lensmill run ... --resume`)");
}

/// A name from elsewhere would lead to files that are not the run's.
std::string name_in(const FlatConfig& config, const std::string& file) {
  const std::string name = value(config, "run.name", file);
  if (is_run_name(name)) return name;
  throw DataError(fmt::format(
      "{}: run.name: names no file in the run's folder (\"{}\")", file, name));
}

}  // namespace

std::optional<ShardHeader> first_header(const RunFolder& folder) {
  auto paths = shard_files(folder);
  std::erase_if(paths, [](const std::string& path) { return !path.ends_with(".h5"); });
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    try {
      return ShardHeader::read(io::hdf5::File::open(path));
    } catch (const Error&) {
      // Damaged: another one knows.
    }
  }
  return {};
}

RunOnDisk open_run(const std::string& path) {
  const std::string folder_path = run_folder_of(path);
  const std::string yaml_path = folder_path + "/run.yaml";
  if (!io::exists(yaml_path)) {
    throw DataError(folder_path + ": not a run (it has no run.yaml)");
  }
  const std::string yaml = io::read_text(yaml_path);
  const FlatConfig config = flatten(yaml, yaml_path);
  const RunFolder folder(folder_path, name_in(config, yaml_path));
  const auto shard = first_header(folder);
  std::vector<double> radii;
  for (std::size_t k = 0; k < list_in(config, "measure.aperture_radius_pix").size();
       ++k) {
    radii.push_back(number<double>(
        config, fmt::format("measure.aperture_radius_pix[{}]", k), yaml_path));
  }
  const ShardPlan plan{.rows = rows_of(folder, config, shard),
                       .rows_per_shard = number<std::int64_t>(
                           config, "output.rows_per_shard", yaml_path)};
  std::optional<KeptSoFar> kept;
  ShardPlan blocks = plan;
  if (config.contains(std::string(min_acceptance_key))) {
    const auto least =
        number<double>(config, std::string(min_acceptance_key), yaml_path);
    blocks.rows = config::most_candidates(plan.rows, least, plan.rows_per_shard);
    kept.emplace(folder, blocks, plan.rows, least);
    kept->look();
  }
  return {.folder = folder,
          .plan = kept ? kept->plan() : plan,
          .blocks = blocks,
          .bands = list_in(config, "bands"),
          .aperture_radius_pix = radii,
          .pixel_scale_arcsec =
              number<double>(config, "grid.pixel_scale_arcsec", yaml_path),
          .max_failed_fraction =
              number<double>(config, "run.max_failed_fraction", yaml_path),
          .products = list_in(config, "output.products"),
          .resolved_yaml = yaml,
          .config = config,
          .config_hash = shard ? shard->identity.config_hash : "",
          .format_version = shard ? shard->version : 0,
          .kept = kept};
}

RunOnDisk open_run(const std::string& path, const parallel::Communicator& world) {
  // Each rank reads the same small file; errors come from the root's look.
  std::optional<RunOnDisk> run;
  world.agree([&] { run = open_run(path); });
  return *run;
}

}  // namespace lensmill::pipeline
