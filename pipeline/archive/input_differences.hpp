#pragma once

#include <string>
#include <vector>

#include "pipeline/archive/input_file.hpp"

namespace lensmill::pipeline {

/// What differs between the input files that a shard was made from (its /provenance)
/// and those of now, one "catalogue rows.csv: SHA-256 12ab... -> 34cd..." each; nothing
/// if the shard does not say. \independent
std::vector<std::string> input_differences(const std::string& shard_path,
                                           const std::vector<InputFile>& now);

}  // namespace lensmill::pipeline
