#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/analysis/reported_core.hpp"
#include "lib/analysis/summary_numbers.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/column.hpp"

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

/// The columns that SummaryTables::add reads of /catalogue and of /measurements.
const std::vector<std::string>& summary_catalogue_columns();
const std::vector<std::string>& summary_measurement_columns();

/// Accumulates the seed's three tables (inner-image statistics, positions by theta_E,
/// core flux by theta_E with the split) from columns, block by block.
///
/// The state is a fixed number of 64-bit integers (counts, histograms and fixed-point
/// sums), so that any order of blocks and any grouping over ranks gives the same result
/// to the bit: combine ranks with an element-wise integer sum of state(). Memory does
/// not grow with the rows (2.5 MB for five bins). Values enter means rounded to 2^-40
/// (1e-12), up to 4e9 rows. Medians are read from histograms of 0.005 pix (up to 128)
/// and 0.0005 (offset over theta_E, up to 5) with linear interpolation inside a bin.
///
/// The core-flux table is for reported_core(). A row whose core flux or a term of it is
/// NaN, or beyond 1024, does not enter it.
class SummaryTables {
 public:
  /// Contract: at least one band, one radius and two ascending edges.
  explicit SummaryTables(SummaryConfig config);

  /// Add the rows of one block, which has the columns named above.
  /// \throws DataError naming a column that is missing or of another type, shape or
  ///   length; nothing was added then.
  void add(const Table& catalogue, const Table& measurements);

  /// For the reduction over ranks: element-wise sum, or another accumulator's state
  /// (same config).
  std::span<std::int64_t> state() { return state_; }
  std::span<const std::int64_t> state() const { return state_; }
  void combine(std::span<const std::int64_t> other_state);

  /// Rows added, failed ones included.
  std::int64_t rows() const;
  SummaryNumbers numbers() const;
  /// The three tables as aligned plain text with units, n and standard errors.
  std::string text() const { return to_text(numbers()); }

 private:
  SummaryConfig config_;
  ReportedCore core_;  ///< of the core-flux table
  std::vector<std::int64_t> state_;
};

}  // namespace lensmill::analysis
