#pragma once

#include <string>
#include <vector>

#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {

/// Which cause gives most of the core's light, by theta_E: in the account `split`, for
/// the reported band and aperture, and whether every other way of counting agrees
/// (account, band, aperture radius, mean over rows or over photons).
struct LeadingCauses {
  ResultTable robustness;  ///< leader and lead of every way of counting
  std::vector<std::string> sentences;
};
LeadingCauses leading_causes(const AnalysisInput& input);

}  // namespace lensmill::pipeline
