#include "pipeline/archive/files_of_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/this_process.hpp"
#include "pipeline/archive/config_identity.hpp"

namespace lensmill::pipeline {
namespace {

namespace fs = std::filesystem;

/// "shard-000012.h5", or with ".partial" or ".HOST-PROCESS-RANDOM.partial" behind.
bool is_shard_file(const std::string& name) {
  const auto shard = shard_of_file_name(name);
  if (!shard) return false;
  const std::string whole = shard_file_name(*shard);
  return name == whole || (name.starts_with(whole + ".") && name.ends_with(".partial"));
}

/// The virtual file of the run that is there, which may have another name than the one
/// to come. A damaged run.yaml does not prevent a new run.
std::string old_virtual_file(const RunFolder& folder) {
  try {
    const auto before = flatten(io::read_text(folder.run_yaml()), folder.run_yaml());
    const auto& name = before.at("run.name");
    if (is_run_name(name)) return RunFolder(folder.path(), name).virtual_file();
  } catch (const std::exception&) {
    // It says nothing then.
  }
  return folder.virtual_file();
}

/// What `analyse` (its tables are CSV files by the names that analysis.json has) and
/// `probe` have left in analysis/.
std::vector<std::string> analysis_files(const RunFolder& folder) {
  const std::string own = analysis_folder(folder) + "/analysis.json";
  std::vector<std::string> files;
  if (io::exists(own)) {
    const auto json = nlohmann::json::parse(io::read_text(own), nullptr, false);
    for (const auto& section : json.is_object() ? json : nlohmann::json::object()) {
      if (!section.is_object() || !section.contains("tables")) continue;
      for (const auto& table : section["tables"].items()) {
        if (!is_run_name(table.key())) continue;
        files.push_back(fmt::format("{}/{}.csv", analysis_folder(folder), table.key()));
      }
    }
  }
  for (const auto* name : {"probe.json", "probe.csv"}) {
    files.push_back(analysis_folder(folder) + "/" + name);
  }
  files.push_back(own);
  return files;
}

std::vector<std::string> files_of_run(const RunFolder& folder) {
  std::vector<std::string> files = shard_files(folder);
  files.push_back(old_virtual_file(folder));
  for (auto& file : analysis_files(folder)) files.push_back(std::move(file));
  files.push_back(folder.prov_file());
  files.push_back(folder.run_id_file());  // a new run, whose jobs have another id
  return files;
}

}  // namespace

bool is_run_name(std::string_view name) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.front() != '.' &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

std::string run_folder_of(const std::string& path) {
  const fs::path given(path.empty() ? "." : path);
  if (io::is_folder(given.string())) return given.lexically_normal().string();
  if (!io::exists(given.string())) throw DataError(path + ": no such file or folder");
  const fs::path parent = given.parent_path();
  return parent.empty() ? "." : parent.string();
}

std::vector<std::string> shard_files(const RunFolder& folder) {
  std::vector<std::string> files;
  if (!io::is_folder(folder.shards())) return files;
  for (const auto& entry : fs::directory_iterator(folder.shards())) {
    if (is_shard_file(entry.path().filename().string())) {
      files.push_back(entry.path().string());
    }
  }
  std::ranges::sort(files);
  return files;
}

void check_lengths_of_names(const RunFolder& folder) {
  constexpr std::int64_t most_digits = std::numeric_limits<std::int64_t>::max();
  // Other jobs' process numbers, other nodes' names may be longer.
  constexpr std::size_t spare = 16;
  io::is_folder(folder.path());  // says what keeps us from looking at it
  const std::size_t most = io::longest_name(folder.path());
  for (const auto& part : fs::path(folder.path())) {
    if (part.string().size() > most) {
      throw IoError(
          fmt::format("{}: cannot be made: `{}` has {} bytes, and a name there at most "
                      "{} (File name "
                      "too long); give another --output",
                      folder.path(), part.string(), part.string().size(), most));
    }
  }
  const fs::path file(folder.virtual_file());
  const std::size_t added =
      io::own_partial(file.string()).size() - file.string().size() + spare;
  const std::size_t name = file.filename().string().size();
  if (name + added > most) {
    throw ConfigError(fmt::format(
        "run.name: is too long: {} while it is made has a name of {} bytes, and a name "
        "there has at most {}; give a shorter one",
        file.filename().string(), name + added, most));
  }
  const std::size_t path =
      std::max(file.string().size(), folder.shard(most_digits).size()) + added;
  if (path >= PATH_MAX) {
    throw IoError(
        fmt::format("{}: is too long: the run's files would have paths of {} bytes, {} "
                    "at most (File "
                    "name too long); give another --output",
                    folder.path(), path, PATH_MAX - 1));
  }
}

void remove_run(const RunFolder& folder, const std::vector<InputFile>& inputs) {
  const auto files = files_of_run(folder);
  const auto there = [](const std::string& file) { return io::exists(file); };
  const std::string old_file = old_virtual_file(folder);
  if (old_file != folder.virtual_file() && there(folder.virtual_file())) {
    throw UsageError(fmt::format(
        "{}: is there, and the run in this folder did not make it: it would be "
        "overwritten; give another --output or run.name, or remove it by hand",
        folder.virtual_file()));
  }
  for (const auto& input : inputs) {
    if (!there(input.path)) continue;
    for (const auto& file : files) {
      if (!there(file) || !fs::equivalent(file, input.path)) continue;
      throw UsageError(fmt::format(
          "{}: is an input of this run ({}), and --overwrite would remove it with the "
          "run that is there; give another --output",
          input.path, input.role));
    }
  }
  for (const auto& file : files) io::remove_file(file);
  io::remove_dead_partials(analysis_folder(folder), folder.run_yaml());
  // Gone unless something of the user's is in it.
  ::rmdir(analysis_folder(folder).c_str());
  io::remove_file(folder.run_yaml());
}

}  // namespace lensmill::pipeline
