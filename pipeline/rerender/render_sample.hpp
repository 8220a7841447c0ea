#pragma once

#include <array>
#include <string>
#include <vector>

#include "lib/analysis/variants.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/program/log.hpp"
#include "pipeline/rerender/row_variants.hpp"
#include "pipeline/rerender/sampled_row.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// One variant of all sampled rows, in their order.
struct VariantSample {
  std::vector<char> valid;
  std::vector<double> core_flux_fraction;  ///< NaN where not valid
  std::vector<double> core_offset_nmgy_per_pix;
  std::string reason;  ///< of the first row that has one
  /// [row, positive | negative, feature]; on the variant's owner only.
  std::vector<float> features;
};

/// The sampled rows in all variants.
struct ProbeSample {
  std::vector<SampledRow> rows;  ///< whose baseline could be made, ascending
  std::int64_t failed = 0;       ///< others
  std::array<VariantSample, analysis::variant_count> variants;
};

/// Whether the stored stamp is not what the run says, nearer to the legacy render, and
/// within the noise of it.
inline bool stored_is_legacy(const ProbedRow& probed) {
  return differs_from_stored(probed.stored_deviation) &&
         probed.stored_misfit_legacy < probed.stored_misfit &&
         probed.stored_misfit_legacy < 1.0;
}

/// The rank that has a variant's features.
inline int owner_of(std::size_t variant, const parallel::Communicator& world) {
  return static_cast<int>(variant % static_cast<std::size_t>(world.size()));
}

/// The run with the historical kernel placement, or why there is none.
struct LegacyChain {
  std::shared_ptr<const stages::Chain> chain;
  std::string reason;
};
/// \collective
LegacyChain open_legacy(const Session& session, const parallel::Communicator& world);

/// Render the rows, split over the ranks, and bring each variant's features to its
/// owner. Needs memory for 2 x features x variants floats per row, divided over the
/// ranks. \collective; errors are agreed on
ProbeSample render_sample(const RunOnDisk& run, const Session& session,
                          const LegacyChain& legacy, const VariantSettings& settings,
                          const std::vector<std::int64_t>& rows,
                          const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
