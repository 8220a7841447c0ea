#pragma once

#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {

/// For both rankings of what is in the core, before the PSF and after it: the theta_E
/// at which the counter-image overtakes the outer image (or the reverse), and a
/// sentence each. From the rows of the sample, without bins
/// (lib/analysis/crossing.hpp).
struct LeaderChanges {
  ResultTable table;
  std::vector<std::string> sentences;
};
LeaderChanges leader_changes(const AnalysisInput& input);

}  // namespace lensmill::pipeline
