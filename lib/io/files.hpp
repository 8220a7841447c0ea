#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

/// \file
/// Files that exist whole or not at all. All functions throw IoError with the path,
/// what was tried and errno's text. \independent: one rank calls them.

namespace lensmill::io {

/// Force a file's, or a folder's entries', bytes to disk (HDF5 never does).
void sync_file(const std::string& path);
void sync_folder(const std::string& path);

/// Sync `partial`, rename it to `path` (replacing a file or link that is there, nothing
/// else: as root a rename would replace a device) and sync the folder: after a crash
/// either the old or the new file is there, never a half.
void publish(const std::string& partial, const std::string& path);

/// "PATH.HOST-PROCESS-RANDOM.partial", another one at each call: a file in the making
/// that no other process touches, so that two may make `path` at once, and whose name
/// cannot be guessed. To be made by make_new().
std::string own_partial(const std::string& path);

/// Make an empty file that must not be there yet, not even as a link to elsewhere: in a
/// folder that others may write to, a link planted there must not be followed.
void make_new(const std::string& path);

/// Partial files of other machines count as left behind when they are so much older
/// than a file published now.
inline constexpr std::chrono::hours abandoned_after{1};
/// Remove the own_partial() files in a folder that killed processes have left: of this
/// host, when the process is gone; of others, when they are old against `published`, a
/// file that was just written (or is not there). With `of`, a file's name, only those
/// of that file. Errors are passed over.
void remove_dead_partials(const std::string& folder, const std::string& published,
                          const std::string& of = "");
/// Those of one file that has just been published.
void remove_dead_partials_of(const std::string& path);

/// Write an own partial file, then publish it as `path`; none is left on failure, nor
/// by processes that were killed while they wrote this file.
void write_text(const std::string& path, std::string_view text);

/// Make a file with this text, whole or not at all, unless there is one: false then. Of
/// several that try at once one succeeds.
bool write_text_if_absent(const std::string& path, std::string_view text);

/// \throws IoError also unless it is a file: a pipe would be waited for for ever
std::string read_text(const std::string& path);

/// Whether there is something, or a folder, at the path (links are followed). std::
/// filesystem's functions of that name throw what is no error of ours, or say "no"
/// without a word, where the answer is not known: no permission to look, a name too
/// long, links in a circle. \throws IoError then
bool exists(const std::string& path);
bool is_folder(const std::string& path);

/// \throws IoError unless the path leads to a plain file: devices and pipes cannot be
/// read twice, and a pipe without a writer is waited for for ever
void check_is_file(const std::string& path);

/// Bytes that a file's name in the folder may have, or, if it is not there, in the
/// nearest folder above it that is.
std::size_t longest_name(const std::string& folder);

/// Make the folder and its parents; fine if it exists.
void make_folders(const std::string& path);

/// Check that files can be made in a folder, by making and removing one.
void check_writable(const std::string& folder);

/// Remove a file; fine if there is none.
void remove_file(const std::string& path);

}  // namespace lensmill::io
