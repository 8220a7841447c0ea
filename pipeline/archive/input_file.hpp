#pragma once

#include <string>

namespace lensmill::pipeline {

/// A file that a run read.
struct InputFile {
  std::string role;  ///< "catalogue", "host r", "psf z", ...
  std::string path;
  std::string sha256;
  /// Whether all that the run takes from it stands in the resolved configuration.
  bool resolved = false;
};

}  // namespace lensmill::pipeline
