#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/roc.hpp"
#include "lib/analysis/variants.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/probe/classify.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

struct ProbeRequest {
  std::int64_t rows = 4000;  ///< to draw from the run
  /// k of the core mask and the taper; none: that of the core aperture.
  std::optional<double> mask_radius_pix;
};

/// How a region's classifier does.
struct RegionReport {
  double l2 = 0.0;
  bool converged = true;
  analysis::Estimate auc;          ///< test rows
  analysis::Estimate change;       ///< minus the baseline's, on the same hosts
  analysis::Estimate visible_auc;  ///< hosts with a visible counter-image only
  analysis::Estimate visible_change;
};

struct VariantReport {
  analysis::Variant variant = analysis::Variant::baseline;
  bool applies = false;
  std::string reason{};   ///< why not, or why not in all rows; "": none
  std::int64_t rows = 0;  ///< in which it could be made
  analysis::Mean core_flux_fraction{};
  analysis::Mean core_offset_nmgy_per_pix{};
  std::array<RegionReport, analysis::region_count> regions{};  ///< core, annulus, full
  int rank = 0;  ///< from 1; 0: not ranked
  bool annulus_harmed = false;
};

/// Everything that a probe finds; the same at any number of ranks.
struct ProbeReport {
  std::string run_name{};
  std::uint64_t seed = 0;
  BandNames bands{};
  std::string leakage_band{};
  double core_radius_pix = 5.0;
  double mask_radius_pix = 5.0;
  int outer_radius_pix = 20;
  std::int64_t rows = 0;                     ///< drawn and rendered
  std::int64_t failed = 0;                   ///< of these, that did not render again
  std::array<std::int64_t, 3> split_rows{};  ///< train, validation, test
  std::int64_t visible_test_rows = 0;        ///< counter_image_snr above visible_snr
  bool has_visible = false;                  ///< enough of them for AUCs
  std::vector<VariantReport> variants{};     ///< as all_variants
  std::int64_t stored_rows = 0;              ///< compared with their rendering
  std::int64_t stored_different = 0;
  std::int64_t stored_first_different = -1;  ///< its injection_id
  double stored_worst_sigma = 0.0;
  std::vector<std::int64_t> stored_legacy{};  ///< injection_ids of the legacy renders

  const VariantReport& operator[](analysis::Variant variant) const {
    return variants[static_cast<std::size_t>(variant)];
  }
};

/// Render a sample of the run's rows in all variants and hold core, annulus and
/// full-stamp classifiers against each. Reads run.yaml, the inputs and the shards that
/// are there; writes nothing. \collective
/// \throws DataError: too few rows, stamps too small; ConfigError: no noise, and what
///   opening a run's inputs throws
ProbeReport run_probe(const RunOnDisk& run, const ProbeRequest& request,
                      const parallel::Communicator& world, Log& log);

/// Tables and sentences for people; JSON and CSV for programs. Without dates, paths and
/// numbers of ranks, so that they can be compared.
std::string probe_text(const ProbeReport& report);
std::string probe_json(const ProbeReport& report);
std::string probe_csv(const ProbeReport& report);

}  // namespace lensmill::pipeline
