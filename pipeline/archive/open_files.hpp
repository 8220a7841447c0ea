#pragma once

#include <cstdint>
#include <string>

namespace lensmill::pipeline {

/// A warning that reading all rows of a virtual file may meet the limit of open files:
/// HDF5 keeps a descriptor open per shard that a read touches, and beyond the limit it
/// gives fill values without an error. Empty for so few shards that half of the usual
/// limit (1024) holds them, or of this process's if that is lower.
std::string open_files_warning(std::int64_t shards, const std::string& virtual_file);

}  // namespace lensmill::pipeline
