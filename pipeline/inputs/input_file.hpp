#pragma once

#include <string>

namespace lensmill::pipeline {

/// A file that a run read.
struct InputFile {
  std::string role;  ///< "catalogue", "host r", "psf z", ...
  std::string path;
  std::string sha256;
};

}  // namespace lensmill::pipeline
