#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/archive/input_file.hpp"
#include "pipeline/archive/run_folder.hpp"

namespace lensmill::pipeline {

inline std::string lock_file(const RunFolder& folder) {
  return folder.log() + "/shards.lock";
}
inline std::string stop_file(const RunFolder& folder) { return folder.log() + "/stop"; }
inline std::string analysis_folder(const RunFolder& folder) {
  return folder.path() + "/analysis";
}

/// Whether a run may be called so: its name names files in its folder, none elsewhere.
bool is_run_name(std::string_view name);

/// The folder that `path` means: itself, or that of a file in it.
/// \throws DataError if nothing is there; IoError if that cannot be told
std::string run_folder_of(const std::string& path);

/// Shard files that are there, partial ones too, in order; not what else has such a
/// name.
std::vector<std::string> shard_files(const RunFolder& folder);

/// Refuse names that the file system cannot store, before any work: the longest ones
/// that a run makes, with what the names of partial files add. \independent \throws
/// ConfigError: run.name; IoError: the folder's path
void check_lengths_of_names(const RunFolder& folder);

/// Remove what the run in the folder has made, and nothing else: users keep notes in
/// runs, and a run.yaml may say anything. run.yaml goes last: a folder without one is
/// no run. What lies in log/ stays. \param inputs of the run to come: none of them may
/// be what is removed \independent \throws UsageError, before anything is removed;
/// IoError
void remove_run(const RunFolder& folder, const std::vector<InputFile>& inputs);

}  // namespace lensmill::pipeline
