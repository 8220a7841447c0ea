#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/node.hpp"

namespace lensmill::config {

/// The value of an unquoted scalar as a finite number (`1`, `-0.5`, `1.0e-3`); nothing
/// for anything else (`nan`, `0x10`, `"1"`, a list).
std::optional<double> parse_number(const Node& node);
/// As an integer; `1e6` counts, `1.5` does not.
std::optional<std::int64_t> parse_integer(const Node& node);
std::optional<std::uint64_t> parse_unsigned(const Node& node);
/// `true` or `false`, unquoted; YAML 1.1's `yes`, `on`, `y` are not truth values here.
std::optional<bool> parse_flag(const Node& node);

/// Numbers as nodes, in the shortest text that reads back as the same.
Node number_node(double value);
Node number_list_node(const std::vector<double>& values);
Node number_rows_node(const std::vector<std::vector<double>>& rows);

/// The shortest text that reads back as the same number.
std::string number_text(double value);

}  // namespace lensmill::config
