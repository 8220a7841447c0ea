#pragma once

#include <filesystem>
#include <string>

#include "lib/core/errors.hpp"

namespace lensmill {

/// What std::filesystem throws where it cannot look at a path (no permission, a name
/// too long, links in a circle), as the environment's failure that it is: with the
/// path.
inline IoError io_error_of(const std::filesystem::filesystem_error& error) {
  const std::string path = error.path1().string();
  return IoError((path.empty() ? "a path" : path) + ": cannot be looked up (" +
                 error.code().message() + ")");
}

}  // namespace lensmill
