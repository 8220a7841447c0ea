#pragma once

#include <chrono>
#include <string>
#include <string_view>

/// \file
/// Files that exist whole or not at all. All functions throw IoError with the path,
/// what was tried and errno's text. \independent: one rank calls them.

namespace lensmill::io {

/// Force a file's, or a folder's entries', bytes to disk (HDF5 never does).
void sync_file(const std::string& path);
void sync_folder(const std::string& path);

/// Sync `partial`, rename it to `path` (replacing what is there) and sync the folder:
/// after a crash either the old or the new file is there, never a half.
void publish(const std::string& partial, const std::string& path);

/// "PATH.HOST-PROCESS.partial": a file in the making that no other process touches, so
/// that two may make `path` at once.
std::string own_partial(const std::string& path);

/// Partial files of other machines count as left behind when they are so much older
/// than a file published now.
inline constexpr std::chrono::hours abandoned_after{1};
/// Remove the own_partial() files in a folder that killed processes have left: of this
/// host, when the process is gone; of others, when they are old against `published`, a
/// file that was just written (or is not there).
void remove_dead_partials(const std::string& folder, const std::string& published);

/// Write an own partial file, then publish it as `path`; none is left on failure.
void write_text(const std::string& path, std::string_view text);

/// Make a file with this text, whole or not at all, unless there is one: false then. Of
/// several that try at once one succeeds.
bool write_text_if_absent(const std::string& path, std::string_view text);

std::string read_text(const std::string& path);

/// Make the folder and its parents; fine if it exists.
void make_folders(const std::string& path);

/// Check that files can be made in a folder, by making and removing one.
void check_writable(const std::string& folder);

/// Remove a file; fine if there is none.
void remove_file(const std::string& path);

}  // namespace lensmill::io
