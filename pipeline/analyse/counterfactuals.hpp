#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/analysis/counterfactual_sums.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// A sample of the run's rows, rendered with and without each cause.
struct CounterfactualNumbers {
  analysis::CounterfactualSums sums;
  std::int64_t drawn = 0;
  std::int64_t left_out = 0;  ///< that cannot be rendered in all ways, or have no flux
  /// Why the legacy operator does not apply, or not to all rows; "": does.
  std::string no_legacy_reason{};
};

/// Render `wanted` rows (as the probe draws them) in all combinations of causes, in
/// memory. Reads run.yaml, the inputs and the shards' `status`. The same on every rank
/// and for any number of them. \collective; errors are agreed on
CounterfactualNumbers render_counterfactuals(const RunOnDisk& run, std::int64_t wanted,
                                             bool resamples_hosts,
                                             const analysis::Bins& theta_e_bins,
                                             const parallel::Communicator& world,
                                             Log& log);

}  // namespace lensmill::pipeline
