#pragma once

#include <algorithm>
#include <array>
#include <cmath>
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
#include "pipeline/rerender/render_sample.hpp"

namespace lensmill::pipeline {

/// Half the side of the box whose pixels the core's classifier sees; features and masks
/// are told apart by it, whatever the aperture's radius.
inline int core_box_pix(double core_radius_pix) {
  return std::max(1, static_cast<int>(std::lround(core_radius_pix)));
}

struct ProbeRequest {
  std::int64_t rows = 4000;  ///< to draw from the run
  /// k of the core mask and the taper; none: that of the core aperture.
  std::optional<double> mask_radius_pix;
  double arc_mag_offset = 0.0;  ///< arcs are made that many magnitudes fainter
  double dropout_rate = 0.5;    ///< share of the rows to train with, of core_dropout
};

/// AUC of some of the test rows, by theta_E or by SNR.
struct BinReport {
  double lower = 0.0, upper = 0.0;  ///< of the quantity
  std::int64_t test_rows = 0;
  analysis::Estimate auc{};
  analysis::Estimate change{};  ///< minus the baseline's
};

/// How a region's classifiers do. But for `aucs` all is of the one with the larger AUC,
/// and differences are from the baseline's with the larger AUC.
struct RegionReport {
  double l2 = 0.0;
  bool converged = true;
  int trees = 0;
  std::array<analysis::Estimate, classifier_count> aucs{};
  Classifier larger = Classifier::logistic;
  analysis::Estimate auc;               ///< test rows
  analysis::Estimate change;            ///< minus the baseline's, on the same hosts
  std::vector<BinReport> by_theta_e{};  ///< arcsec
  std::vector<BinReport> by_snr{};      ///< of the arc, all bands
  analysis::Estimate visible_auc;       ///< hosts with a visible counter-image only
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
  double arc_mag_offset = 0.0;
  double dropout_rate = 0.5;
  int outer_radius_pix = 20;
  std::int64_t rows = 0;                     ///< drawn and rendered
  std::int64_t failed = 0;                   ///< of these, that did not render again
  std::array<std::int64_t, 3> split_rows{};  ///< train, validation, test
  std::array<std::int64_t, 3> split_hosts{};
  std::int64_t visible_test_hosts = 0;    ///< hosts of the rows counted next
  std::int64_t visible_test_rows = 0;     ///< counter_image_snr above visible_snr
  bool has_visible = false;               ///< enough of them for AUCs
  std::vector<VariantReport> variants{};  ///< as all_variants
  std::int64_t stored_rows = 0;           ///< compared with their rendering
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

/// What the rows' bins of a quantity are: the edges of up to four of equal numbers of
/// test rows, fewer where one would have fewer than `fewest_other_rows`; empty where
/// all rows have one value.
std::vector<double> equal_edges(std::vector<double> values);

struct RegionOfVariant {
  std::size_t variant = 0;
  std::size_t region = 0;
};
using RegionFits =
    std::array<std::array<RegionFit, analysis::region_count>, analysis::variant_count>;
struct BinEdges {
  std::vector<double> theta_e_arcsec, arc_snr;
};
/// Fill a region's report, on the test rows that the variant has.
/// \param fits of all variants; \param baseline its classifier of the larger AUC
void report_region(const ProbeSample& sample, const RegionFits& fits,
                   const RegionOfVariant& which, const BinEdges& edges,
                   bool has_visible, Classifier baseline, RegionReport& out);

/// The cost that would have been told from none (an interval below 0) with a
/// probability of `seen_probability`, from a difference's standard error.
inline constexpr double seen_probability = 0.9;
double smallest_cost_seen(const analysis::Estimate& change);
/// Above this AUC of the unmasked stamps there is no room for a cost to be seen.
inline constexpr double saturated_auc = 0.99;
/// With fewer hosts in a part its numbers are those of these hosts.
inline constexpr std::int64_t few_hosts = 10;

/// Tables and sentences for people; JSON and CSV for programs. Without dates, paths and
/// numbers of ranks, so that they can be compared.
std::string probe_text(const ProbeReport& report);
std::string probe_json(const ProbeReport& report);
std::string probe_csv(const ProbeReport& report);

}  // namespace lensmill::pipeline
