#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/core/column.hpp"

namespace lensmill::analysis {

/// What the summary of a run is made for.
struct SummaryConfig {
  double pixel_scale_arcsec = 0.262;
  BandNames bands;
  std::vector<double> aperture_radius_pix;
  /// Bins [a, b) of theta_E, the last one closed.
  std::vector<double> theta_e_edges_arcsec{0.5, 0.75, 1.0, 1.5, 2.0, 2.5};
  /// Radius of the core-flux table: the configured one nearest to it.
  double core_radius_pix = 5.0;
};

/// Accumulates the seed's three tables (inner-image statistics, positions by theta_E,
/// core flux by theta_E with the split) from columns, block by block.
///
/// The state is a fixed number of 64-bit integers (counts, histograms and fixed-point
/// sums), so that any order of blocks and any grouping over ranks gives the same result
/// to the bit: combine ranks with an element-wise integer sum of state(). Memory does
/// not grow with the rows. Means are exact to 2^-52; quantiles are read from histograms
/// of 0.005 pix and 0.0005 (offset over theta_E) with linear interpolation inside a
/// bin.
class SummaryTables {
 public:
  explicit SummaryTables(SummaryConfig config);

  /// Add the rows of one block. \throws DataError naming a missing column.
  void add(const Table& catalogue, const Table& measurements);

  /// For the reduction over ranks: element-wise sum, or another accumulator's state.
  std::span<std::int64_t> state() { return state_; }
  std::span<const std::int64_t> state() const { return state_; }
  void combine(std::span<const std::int64_t> other_state);

  std::int64_t rows() const;
  /// The three tables as aligned plain text with units, n and standard errors.
  std::string text() const;

 private:
  SummaryConfig config_;
  std::vector<std::int64_t> state_;
};

}  // namespace lensmill::analysis
