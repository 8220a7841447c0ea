#pragma once

#include <string>
#include <vector>

#include "pipeline/inputs/cutout_reader.hpp"

namespace lensmill::pipeline {

/// What one host's file says.
struct CutoutFacts {
  std::string id;  ///< by `id_card`; else ""
  std::vector<std::string>
      problems;  ///< contradictions of headers to the configuration
  std::vector<std::string> warnings;
  bool has_unused_invvar = false;  ///< an HDU of inverse variances that nothing names
};

/// Look at the headers of a host's file: units, zero points, pixel scale against what
/// is stated (compare_claims), bands aligned with each other by their WCS within half a
/// pixel. \throws as open_cutout; DataError without the card that names the host
CutoutFacts inspect_cutout(const config::RunConfig& config, const CutoutPaths& paths,
                           std::size_t index, int ny, int nx);

}  // namespace lensmill::pipeline
