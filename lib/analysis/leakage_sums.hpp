#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/analysis/bootstrap.hpp"
#include "lib/analysis/grouped_sums.hpp"
#include "lib/analysis/stamp_row.hpp"

namespace lensmill::analysis {

/// Bins [a, b) of one variable, the last one closed.
class Bins {
 public:
  /// At least two ascending edges.
  explicit Bins(std::vector<double> edges);
  std::size_t count() const { return edges_.size() - 1; }
  /// The bin of a value; count() for one outside, or NaN.
  std::size_t of(double value) const;
  double lower(std::size_t bin) const { return edges_[bin]; }
  double upper(std::size_t bin) const { return edges_[bin + 1]; }

 private:
  std::vector<double> edges_;
};

/// \name Two additive accounts of the core flux fraction
/// Each one's causes add up to it, row by row. docs/physics.md, "Attribution", defines
/// them.
///@{
/// The exact split: three kinds before the PSF, and what the PSF moves (signed).
inline constexpr std::size_t counter_image = 0, outer_image = 1, central_image = 2,
                             psf_transport = 3, split_causes = 4;
/// Step by step from a point-like source without PSF to the real one.
inline constexpr std::size_t point_counter = 0, point_outer = 1, point_central = 2,
                             source_extent = 3, psf_blurring = 4, step_causes = 5;
inline constexpr std::array<std::string_view, split_causes> split_cause_names{
    "counter_image", "outer_image", "central_image", "psf_transport"};
inline constexpr std::array<std::string_view, step_causes> step_cause_names{
    "point_like_counter_image", "point_like_outer_image", "point_like_central_image",
    "source_extent", "psf"};
/// A row's causes; NaN where a column is.
std::array<double, split_causes> split_of(const StampRow& row);
std::array<double, step_causes> steps_of(const StampRow& row);
///@}

/// The place of the largest value; of equal ones the first.
std::size_t largest(std::span<const double> values);

/// Quantities of a cell, in this order.
enum Quantity : std::size_t {
  q_rows,
  q_core_rows,  ///< rows with the core flux fraction and its split
  q_core,
  q_core_core,                            ///< its square
  q_split,                                ///< split_causes of them
  q_net = q_split + split_causes,         ///< image_classes: before the PSF + moved
  q_psf = q_net + image_classes,          ///< image_classes: moved by the PSF
  q_split_leads = q_psf + image_classes,  ///< rows that each cause leads
  q_net_leads = q_split_leads + split_causes,  ///< rows that each kind leads
  q_step_rows = q_net_leads + image_classes,   ///< rows with the second account
  q_step_core,
  q_steps,
  q_step_leads = q_steps + step_causes,
  q_ring_rows = q_step_leads + step_causes,  ///< rows with an expectation
  q_ring_core,
  q_ring,           ///< of a ring blurred by the row's PSF
  q_gaussian_ring,  ///< by a Gaussian of its width
  q_amplitude,
  q_radius_rows,  ///< rows with a counter-image
  q_radius,
  q_within_3,
  q_within_5,
  q_sis_within_3,  ///< of the SIS proxy
  q_sis_within_5,
  q_annulus_rows,
  q_annulus,
  q_offset_rows,  ///< rows with core offset and arc flux
  q_offset,       ///< y: core offset
  q_flux,         ///< x: arc flux
  q_theta_e,      ///< t: theta_E
  q_offset_offset,
  q_flux_flux,
  q_theta_e_theta_e,
  q_offset_flux,
  q_offset_theta_e,
  q_radii  ///< first of two per aperture radius: rows, core flux fraction
};

/// Largest flux or offset that takes part; its square must fit an exact sum.
inline constexpr double largest_flux = 1.0e8;
bool all_usable(std::span<const double> values);
/// Largest core flux fraction, or term of it: beyond, the arc has no flux to speak of.
inline constexpr double largest_fraction = 1024.0;

/// Sums behind the tables of core leakage, of a run's summary and of its analysis, by
/// bin of theta_E. Cell bins.count() contains the rows outside the bins.
class LeakageSums {
 public:
  LeakageSums(Bins bins, std::size_t radii,
              std::size_t groups = GroupedSums::default_groups);

  void add(const StampRow& row);
  const Bins& bins() const { return bins_; }
  std::size_t radii() const { return radii_; }
  const GroupedSums& sums() const { return sums_; }
  /// For ranks: element-wise sum.
  std::span<std::int64_t> state() { return sums_.state(); }
  std::span<const std::int64_t> state() const { return sums_.state(); }

 private:
  Bins bins_;
  std::size_t radii_;
  GroupedSums sums_;
};

/// \name Statistics of a cell's sums
///@{
/// Mean of `total` over `rows`; NaN of no rows.
Statistic mean_of(std::size_t total, std::size_t rows);
/// The same over another quantity: sum a / sum b.
Statistic ratio_of(std::size_t part, std::size_t whole);
struct LineColumns {
  std::size_t n, x, y, xx, yy, xy;
};
inline constexpr LineColumns offset_against_flux{
    q_offset_rows, q_flux, q_offset, q_flux_flux, q_offset_offset, q_offset_flux};
inline constexpr LineColumns offset_against_theta_e{q_offset_rows,   q_theta_e,
                                                    q_offset,        q_theta_e_theta_e,
                                                    q_offset_offset, q_offset_theta_e};
/// Least-squares slope of y on x, and R^2; NaN for fewer than three rows or no spread.
Statistic slope_of(const LineColumns& line);
Statistic r_squared_of(const LineColumns& line);
///@}

}  // namespace lensmill::analysis
