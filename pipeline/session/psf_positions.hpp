#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/session/psf_worst.hpp"
#include "stages/factory.hpp"

/// \file
/// PSFEx models at the positions that a run asks them for.

namespace lensmill::pipeline {

/// One model's summary.
struct PsfexSummary {
  std::string text;  ///< one line: positions tried, worst place of the core, sums
  bool failed = false;
  /// Where positions lie outside the area of the model's stars; "" if none does.
  std::string outside;
  std::vector<KernelFacts> facts;  ///< of the hosts, where each has a model
};

/// Evaluate a band's model at the run's positions (the fixed one; a grid over the
/// model's range; all hosts that have a place on their CCD; else those of the first
/// rows): where its core lies, what its sum is.
/// Every row that brings its own position is held against the model's range (the first
/// million). \independent
PsfexSummary summarise_psfex(int band, const stages::Setup& setup,
                             const stages::Inputs& inputs,
                             const config::RunConfig& config);

}  // namespace lensmill::pipeline
