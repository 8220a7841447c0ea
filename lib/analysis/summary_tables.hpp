#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/analysis/leakage_sums.hpp"
#include "lib/analysis/reported_core.hpp"
#include "lib/analysis/summary_numbers.hpp"
#include "lib/core/bands.hpp"

namespace lensmill::analysis {

/// What the summary of a run is made for.
struct SummaryConfig {
  double pixel_scale_arcsec = 0.262;
  BandNames bands;
  std::vector<double> aperture_radius_pix;
  /// What else defines the aperture, for the heading: "pixel_overlap, about the lens".
  std::string aperture{};
  /// Bins [a, b) of theta_E, the last one closed; ascending, at least two edges.
  std::vector<double> theta_e_edges_arcsec{0.5, 0.75, 1.0, 1.5, 2.0, 2.5};
};

/// Accumulates the three tables of a run's summary (inner-image statistics, positions
/// by theta_E, core flux by theta_E with the split), row by row: LeakageSums of one
/// group, histograms for the medians, and counts of rows by status.
///
/// The state is a fixed number of 64-bit integers, so that any order of rows and any
/// grouping over ranks gives the same result to the bit: combine ranks with an
/// element-wise integer sum of state(). Memory does not grow with the rows (2.5 MB for
/// five bins). Medians are read from histograms of 0.005 pix (up to 128) and 0.0005
/// (offset over theta_E, up to 5) with linear interpolation inside a bin.
class SummaryTables {
 public:
  /// Contract: at least one band, one radius and two ascending edges.
  explicit SummaryTables(SummaryConfig config);

  /// Add a row, whether it counts or not, read for reported_core().
  void add(const StampRow& row);

  /// For the reduction over ranks: element-wise sums.
  std::array<std::span<std::int64_t>, 2> state() { return {sums_.state(), counts_}; }
  std::array<std::span<const std::int64_t>, 2> state() const {
    return {sums_.state(), counts_};
  }

  /// Rows added, failed ones included.
  std::int64_t rows() const;
  SummaryNumbers numbers() const;
  /// The three tables as aligned plain text with units, n and standard errors.
  std::string text() const { return to_text(numbers()); }

 private:
  /// Of the cells from `first` to `last`, bins.count() being the rows outside of bins.
  GroupNumbers group_of(std::size_t first, std::size_t last) const;

  SummaryConfig config_;
  ReportedCore core_;
  LeakageSums sums_;
  std::vector<std::int64_t> counts_;  ///< rows by status, then histograms
};

}  // namespace lensmill::analysis
