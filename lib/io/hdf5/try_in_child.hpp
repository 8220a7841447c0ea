#pragma once

#include <functional>
#include <optional>
#include <string>

namespace lensmill::io::hdf5 {

/// Walk an HDF5 file in a child process: every group, dataset and attribute, the text
/// of every string, the index of every chunked array. HDF5 1.10 crashes on some damaged
/// files (variable-length strings above all); a file that is not ours, and so not
/// sealed (seal.hpp), is tried there first, where a crash does no harm. Texts that
/// cannot be read (what HDF5 1.14 makes of most of this damage) count, too; other
/// errors that HDF5 reports are left to the caller, who will meet them again. Where no
/// child can be made (limits of a cluster) nothing is tried. \independent \throws
/// DataError: HDF5 crashed, came to no end, or could not read a text
void try_in_child(const std::string& path);

/// The text that `look` gives in a child process: what is said of a file that is known
/// to be damaged. Nothing if that throws, crashes or comes to no end. \independent
std::optional<std::string> look_in_child(const std::function<std::string()>& look);

}  // namespace lensmill::io::hdf5
