#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// \file
/// Where SummaryTables keeps what in its state: named views of one array of integers.
/// All updates are integer additions, so their order does not matter.

namespace lensmill::analysis::state {

/// Counts of equal bins from 0, and one bin for everything beyond the last.
struct HistogramShape {
  double bins_per_unit;
  std::size_t bins;

  std::size_t size() const { return bins + 1; }
  double upper() const { return static_cast<double>(bins) / bins_per_unit; }
};
inline constexpr HistogramShape radius_shape{.bins_per_unit = 200.0, .bins = 25600};
inline constexpr HistogramShape offset_shape{.bins_per_unit = 2000.0, .bins = 10000};

void add_to_histogram(const HistogramShape& shape, std::span<std::int64_t> bins,
                      double value);
/// The value below which a share p of the counts lies, linear inside a bin; NaN of no
/// counts, +infinity in the last bin.
double quantile(const HistogramShape& shape, std::span<const std::int64_t> bins,
                double p);

/// A sum in units of 2^-40, in two integers of 31 bits per value so that 2^32 values
/// fit.
using FixedSum = std::span<std::int64_t, 2>;
/// Largest value (and square of a value) that a FixedSum takes.
inline constexpr double largest_term = 1048576.0;
void add_to_sum(FixedSum sum, double value);
double value_of(std::span<const std::int64_t, 2> sum);

/// Counters at the state's beginning.
enum Counter : std::size_t {
  rows,
  not_rendered,
  unknown_status,
  outside_bins,
  no_saddle,
  one_saddle,
  more_saddles,
  first_status,  ///< one for each of all_statuses
};

/// core_flux_fraction and its terms, in this order everywhere.
enum CoreTerm : std::size_t {
  core_flux_fraction,
  saddle_intrinsic,
  minimum_intrinsic,
  maximum_intrinsic,
  saddle_psf,
  minimum_psf,
  maximum_psf,
  core_terms,  ///< their number
};

/// Offsets of a radius' counters from their first.
inline constexpr std::size_t within_3 = 0, within_5 = 1, radius_histogram = 2;
inline constexpr std::size_t radius_size = radius_histogram + radius_shape.bins + 1;
/// Offsets of a group's counters from its first. Group 0 is all rows, group 1 + i the
/// rows of bin i.
inline constexpr std::size_t group_rows = 0, sis_proxy = 1,
                             saddle = sis_proxy + radius_size,
                             core_rows = saddle + radius_size,
                             core_sums = core_rows + 1,
                             core_square = core_sums + 2 * core_terms,
                             group_size = core_square + 2;

/// The state's length for a number of bins of theta_E, and where its parts begin.
std::size_t offset_histogram();
std::size_t group(std::size_t index);
std::size_t size(std::size_t theta_e_bins);

}  // namespace lensmill::analysis::state
