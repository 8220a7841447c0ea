#include "pipeline/job/prepare_folder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/this_process.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/archive/input_differences.hpp"
#include "pipeline/archive/verify_shards.hpp"
#include "pipeline/job/stop_request.hpp"

namespace lensmill::pipeline {
namespace {

namespace fs = std::filesystem;

void check_same_config(const RunFolder& folder, const Provenance& provenance,
                       Existing existing) {
  const auto before = flatten(io::read_text(folder.run_yaml()), folder.run_yaml());
  const auto now = flatten(provenance.resolved_yaml, "this configuration");
  const auto differences = config_differences(before, now);
  if (!differences.empty()) {
    throw ConfigError(fmt::format(
        "{}: was made with another configuration; it cannot be continued with this one "
        "(use another --output, or --overwrite to begin anew). Differences:\n  {}",
        folder.path(), fmt::join(differences, "\n  ")));
  }
  for (const std::string_view name : count_keys) {
    const std::string key(name);
    if (!before.contains(key)) continue;
    const auto old_count = std::stoll(before.at(key));
    const auto new_count = std::stoll(now.at(key));
    if (new_count < old_count) {
      throw ConfigError(fmt::format("{}: {}: {} -> {}: a run cannot be made shorter",
                                    folder.path(), key, old_count, new_count));
    }
    if (new_count > old_count && existing != Existing::extend) {
      throw ConfigError(fmt::format(
          "{}: {}: {} -> {} (the run there is shorter); use --extend to continue it",
          folder.path(), key, old_count, new_count));
    }
  }
}

/// A run makes its log folder before its run.yaml: without one (and without shards) the
/// file is a configuration of the user's that happens to have this name.
void check_made_by_a_run(const RunFolder& folder) {
  if (io::exists(folder.log()) || !shard_files(folder).empty()) return;
  throw UsageError(
      fmt::format("{}: is there, but no run (neither shards nor a log): it would be "
                  "overwritten; give "
                  "another --output, or give the file another name",
                  folder.run_yaml()));
}

void check_free(const RunFolder& folder) {
  if (!shard_files(folder).empty() || io::exists(folder.virtual_file())) {
    throw UsageError(fmt::format(
        "{}: contains shards or {} but no run.yaml: not a run that could be continued "
        "or "
        "replaced; give another --output, or remove them by hand",
        folder.path(), fs::path(folder.virtual_file()).filename().string()));
  }
  if (io::exists(folder.prov_file())) {
    throw UsageError(fmt::format(
        "{}: is there, but no run: it would be overwritten; give another --output, or "
        "give the file another name",
        folder.prov_file()));
  }
}

/// Root only.
Hold settle(const RunFolder& folder, const ShardPlan& plan, const ShardRange& selection,
            const Provenance& provenance, Existing existing, Log& log) {
  const bool there = io::exists(folder.run_yaml());
  if (there) check_made_by_a_run(folder);
  if (there && existing == Existing::refuse) {
    throw UsageError(fmt::format(
        "{}: a run is there already ({} shards); use --resume to continue it, "
        "--overwrite to begin anew, or another --output",
        folder.path(), shard_files(folder).size()));
  }
  if (there && existing != Existing::overwrite) {
    check_same_config(folder, provenance, existing);
  } else if (!there) {
    check_free(folder);
  }
  io::make_folders(folder.shards());
  io::make_folders(folder.log());
  io::check_writable(folder.shards());
  io::check_writable(folder.path());
  Hold hold =
      keep_others_off(folder, plan, selection,
                      existing == Existing::resume || existing == Existing::extend
                          ? patience
                          : std::chrono::seconds(0),
                      log);
  if (there && existing == Existing::overwrite) remove_run(folder, provenance.inputs);
  settle_stop_file(folder, hold.claim.empty() ? "" : hold.claim.front().path());
  return hold;
}

/// What killed jobs have left of the selected shards and of the run's small files.
void remove_partials(const RunFolder& folder, const ShardRange& selection) {
  for (const auto& file : shard_files(folder)) {
    if (!file.ends_with(".partial")) continue;
    const auto shard = shard_of_file_name(fs::path(file).filename().string());
    if (shard && selection.contains(*shard)) io::remove_file(file);
  }
  // run.yaml has been written just now.
  io::remove_dead_partials(folder.path(), folder.run_yaml());
  io::remove_dead_partials(folder.log(), folder.run_yaml());
  io::remove_dead_partials(analysis_folder(folder), folder.run_yaml());
}

[[noreturn]] void refuse_foreign(const ShardState& state, const std::string& path,
                                 const RunIdentity& identity,
                                 const Provenance& provenance) {
  if (state.header->identity.config_hash == identity.config_hash) {
    throw ConfigError(state.reason +
                      "; --accept-different-build keeps such shards (the bytes of old "
                      "and new rows may then differ in the last digits)");
  }
  const auto differences = input_differences(path, provenance.inputs);
  throw ConfigError(
      state.reason + "; use another --output, or --overwrite to begin anew" +
      (differences.empty() ? ""
                           : fmt::format(". Input files that differ:\n  {}",
                                         fmt::join(differences, "\n  "))));
}

[[noreturn]] void refuse_outdated(const ShardState& state) {
  throw ConfigError(
      state.reason +
      ": such a run can be read (info, verify, finalize, analyse, extract), but not "
      "continued; continue it with the version of lensmill that made it, or use "
      "another "
      "--output, or --overwrite to begin anew");
}

/// NAME.h5 has the datasets of one shard: what another lacks would read as rows that
/// were not made.
void check_same_datasets(const std::string& path,
                         const std::vector<ColumnInfo>& datasets) {
  std::set<std::string> there;
  std::set<std::string> here;
  for (const auto& entry : read_dataset_list(open_shard_file(path))) {
    there.insert(entry["name"].get<std::string>());
  }
  for (const auto& info : datasets) here.insert("/" + info.name);
  std::vector<std::string> different;
  std::ranges::set_symmetric_difference(there, here, std::back_inserter(different));
  if (different.empty()) return;
  throw ConfigError(fmt::format(
      "{}: made by a build whose shards have other datasets ({}), which the file over "
      "all shards cannot show beside this build's; continue the run with that build, "
      "or "
      "use another --output",
      path, fmt::join(different, ", ")));
}

/// A shard's state, its data's checksums included if that is asked for.
ShardState look_at(const JobTask& task, std::int64_t shard,
                   const PrepareOptions& options) {
  const std::string path = task.folder.shard(shard);
  auto state = inspect_shard(path, shard, task.plan, task.identity);
  if (state.kind == ShardState::Kind::foreign && options.accept_different_build &&
      state.header->identity.config_hash == task.identity.config_hash) {
    state = inspect_shard(path, shard, task.plan, state.header->identity);
    if (state.kind == ShardState::Kind::complete) {
      check_same_datasets(path, task.datasets);
    }
  }
  if (options.verify_existing && state.kind == ShardState::Kind::complete) {
    const auto problems = shard_problems(path);
    if (!problems.empty()) {
      state.kind = ShardState::Kind::damaged;
      state.reason = problems.front();
    }
  }
  return state;
}

/// Each rank looks at some of the shards; every rank gets all states' kinds.
std::vector<std::int64_t> inspect_all(const JobTask& task,
                                      const PrepareOptions& options,
                                      const parallel::Communicator& world, Log& log) {
  const ShardRange& selection = task.selection;
  std::vector<std::int64_t> kinds(static_cast<std::size_t>(selection.count()), 0);
  std::string damaged;
  world.agree([&] {
    for (auto shard = selection.first + world.rank(); shard < selection.end;
         shard += world.size()) {
      const auto state = look_at(task, shard, options);
      if (state.kind == ShardState::Kind::outdated) refuse_outdated(state);
      if (state.kind == ShardState::Kind::foreign) {
        refuse_foreign(state, task.folder.shard(shard), task.identity, task.provenance);
      }
      if (state.kind == ShardState::Kind::damaged) damaged += state.reason + "\n";
      kinds[static_cast<std::size_t>(shard - selection.first)] =
          static_cast<std::int64_t>(state.kind);
    }
  });
  world.sum(std::span(kinds));
  for (const auto& text : world.gather(damaged)) {
    if (!text.empty()) log.warning("shards that will be made again:\n" + text);
  }
  return kinds;
}

}  // namespace

PreparedFolder prepare_folder(const JobTask& task, const PrepareOptions& options,
                              const parallel::Communicator& world, Log& log) {
  const RunFolder& folder = task.folder;
  PreparedFolder prepared;
  world.agree([&] {
    if (!world.is_root()) return;
    prepared.hold = settle(folder, task.plan, task.selection, task.provenance,
                           options.existing, log);
    prepared.job = io::unique_process_name();
  });
  world.broadcast(prepared.job);
  const auto kinds = inspect_all(task, options, world, log);
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const auto shard = task.selection.first + static_cast<std::int64_t>(k);
    if (kinds[k] == static_cast<std::int64_t>(ShardState::Kind::complete)) {
      ++prepared.complete;
    } else {
      prepared.pending.push_back(shard);
    }
  }
  world.agree([&] {
    if (!world.is_root()) return;
    // Only now: a refused job must not change what the run says of itself.
    io::write_text(folder.run_yaml(), task.provenance.resolved_yaml);
    remove_partials(folder, task.selection);
  });
  return prepared;
}

}  // namespace lensmill::pipeline
