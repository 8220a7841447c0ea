#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "lib/config/node.hpp"
#include "lib/config/problems.hpp"

namespace lensmill::config {

/// The tree of a YAML text. Duplicate keys, tags and unset `${NAME}` variables are
/// added to `problems`. \throws ConfigError for a YAML syntax error (with its line), an
/// empty
///   text, a second document, a tree too deep or too large to be a configuration, or a
///   text whose top level is not a map
Node parse_yaml(const std::string& text, const std::string& source, Problems& problems);

/// The same from a file. \throws ConfigError also when the file cannot be read, is no
///   regular file or larger than 4 MiB
Node parse_yaml_file(const std::filesystem::path& path, Problems& problems);

/// Apply `--set key.path=value` arguments in order: the value is YAML, a missing map on
/// the way is made, an existing value is replaced.
/// \throws UsageError for an argument that is not key.path=value
void apply_overrides(Node& root, std::span<const std::string> overrides,
                     Problems& problems);

/// The tree as YAML text: maps in order, lists of scalars on one line.
std::string emit_yaml(const Node& root);

}  // namespace lensmill::config
