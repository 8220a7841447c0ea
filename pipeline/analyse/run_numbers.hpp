#pragma once

#include <string>
#include <vector>

#include "lib/analysis/bootstrap.hpp"
#include "lib/analysis/core_views.hpp"
#include "lib/analysis/leakage_sums.hpp"
#include "lib/analysis/predictor.hpp"
#include "lib/analysis/profile_stack.hpp"
#include "lib/analysis/quantile_sketch.hpp"
#include "lib/analysis/sensitivity.hpp"
#include "lib/analysis/summary_tables.hpp"
#include "lib/analysis/visibility.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/analyse/run_rows.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

struct AnalysisOptions {
  /// Bins [a, b) of theta_E, the last one closed.
  std::vector<double> theta_e_edges_arcsec{0.5, 0.75, 1.0, 1.5, 2.0, 2.5};
  /// Rows to render in all combinations of causes; 0: none.
  std::int64_t counterfactuals = 0;
  /// Other runs, whose leading causes are set beside this one's.
  std::vector<std::string> with{};
};

/// The distribution of one variable over the counted rows.
struct Distribution {
  RowVariable variable;
  std::int64_t n = 0;  ///< rows in which it is defined
  double minimum = analysis::StampRow::nan;
  double maximum = analysis::StampRow::nan;
  double mean = analysis::StampRow::nan;
  double standard_deviation = analysis::StampRow::nan;
  analysis::QuantileSketch sketch;
};

/// Everything that the sections need from a run's rows: the same on every rank and for
/// any number of them.
struct RunNumbers {
  analysis::SummaryTables summary;
  analysis::LeakageSums sums;
  analysis::CoreViews views;
  analysis::VisibilityCounts visibility;
  analysis::ProfileStack profiles;
  std::vector<Distribution> distributions;
  /// Core flux fraction and counter-image radius in pix, within each bin of theta_E,
  /// outside of them, and of all rows.
  std::vector<analysis::QuantileSketch> core, radius;
  /// Every stride-th row of the run that counts: all variables of RowReader, the core
  /// flux fraction as response.
  analysis::Sample sample;
  std::vector<std::int64_t> sample_row;
  /// Of the sample's rows: what the counter-image gives to the core flux fraction less
  /// what the outer image does, before the PSF and net of what it moves.
  std::vector<double> sample_lead_split, sample_lead_net;
  std::int64_t sample_stride = 1;
  std::int64_t shards = 0;  ///< that are there
  /// Of a Saltelli design's rows: the core flux fraction; without factors otherwise.
  analysis::DesignResponses design{};
};

/// Rows of the run that the sample may hold.
inline constexpr std::int64_t largest_sample = 131072;

/// Read the run twice: for the ranges, then for everything. \collective; errors are
/// agreed on \throws IoError, DataError (no row that counts)
RunNumbers read_numbers(const RunOnDisk& run, const RowReader& reader,
                        const AnalysisOptions& options,
                        const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
