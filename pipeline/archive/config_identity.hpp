#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/archive/input_file.hpp"

namespace lensmill::pipeline {

/// A configuration as path -> value text, "psf.r.beta" -> "3.5".
using FlatConfig = std::map<std::string, std::string>;
/// The items of a list in it.
std::vector<std::string> list_in(const FlatConfig& config, const std::string& key);
/// \throws ConfigError for text that is not YAML
FlatConfig flatten(const std::string& resolved_yaml, const std::string& source);

/// SHA-256 of what decides a run's data: the resolved configuration and the contents of
/// the input files. Not in it: where the output goes and by how many groups it is
/// written, how many failures are accepted, and the number of rows, since none of these
/// changes a row.
std::string config_hash(const std::string& resolved_yaml,
                        const std::vector<InputFile>& inputs);

/// What differs between two configurations in keys that decide the data, one
/// "psf.r.beta: 3.5 -> 2.5" each.
std::vector<std::string> config_differences(const FlatConfig& before,
                                            const FlatConfig& now);

/// Numbers of rows, or of a design's base points, that an extended run may raise.
inline constexpr std::string_view saltelli_count_key =
    "catalogue.sobol.saltelli.base_count";
inline constexpr std::array<std::string_view, 3> count_keys{
    "catalogue.sampled.count", "catalogue.sobol.count", saltelli_count_key};

/// There in a run that keeps some of its rows only.
inline constexpr std::string_view min_acceptance_key = "catalogue.keep.min_acceptance";

/// The factors of a Saltelli design; empty for any other catalogue.
std::vector<std::string> saltelli_factors(const FlatConfig& config);

/// Keys that a resumed run may change.
bool may_differ(const std::string& key);

}  // namespace lensmill::pipeline
