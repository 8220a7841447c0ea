#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lensmill::catalogue {

/// A column as a user names it: `FLUX`, or an element of an array column, `FLUX[2]`
/// (from 0).
struct ColumnElement {
  std::string column;
  std::optional<std::size_t> element;
};

/// The name taken apart; one that does not end in a number in brackets is a column's.
ColumnElement taken_apart(std::string_view name);

}  // namespace lensmill::catalogue
