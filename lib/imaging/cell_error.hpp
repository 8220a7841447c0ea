#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/cell_error_kernel.hpp"
#include "lib/light/brightness.hpp"

namespace lensmill::imaging {

/// What is known of a cell's integral and of its error. Brightness in 1/arcsec^2; times
/// the cell's area gives flux.
struct CellEstimate {
  double mean_brightness = 0.0;   ///< by the 3 x 3 Gauss rule
  double brightness_error = 0.0;  ///< estimated |error| of the mean: all three parts
  /// Of it: where the integrand is smooth, alike in sign among neighbouring cells.
  double smooth_error = 0.0;
  /// Of it: by light next to a cusp that none of the samples shows. Few of all cells
  /// can have it, the cusp's images being few.
  double hidden_error = 0.0;
  /// The mean, or less where a sample next to the cusp stands for too much: what the
  /// source can bring at most into a cell of this footprint. Tolerances go by it.
  double bounded_brightness = 0.0;
  /// Images: root-mean-square error of the mean by structure finer than the cell.
  double structure_error = 0.0;
  /// Neighbouring cells of this size that see the same structure and err alike: many
  /// where the lens stretches the image along them. Others err independently, so that
  /// errors add in squares. >= 1.
  double alike = 1.0;
  /// Area of the cell's image in the source plane, at least; arcsec^2.
  double source_area_arcsec2 = 0.0;
  bool mixed_kinds = false;  ///< a critical curve crosses the samples
};

/// Bound on the mean brightness of a cell whose image in the source plane has at least
/// this area, wherever in the source it lies and whatever its shape: that of the
/// source's brightest part of this area, `flux_within(r)` being the flux of its
/// brightest part of area pi r^2. Next to the centre of an isothermal lens the image is
/// a thin curved strip: the disc about it, of the cell's reach, is no measure of it.
template <class FluxWithin>
double brightness_bound(double source_area_arcsec2, const FluxWithin& flux_within) {
  return flux_within(std::sqrt(source_area_arcsec2 / std::numbers::pi)) /
         source_area_arcsec2;
}

/// Error model of the 3 x 3 Gauss rule on one cell, three terms:
/// - a singular point of the integrand (the source's cusp, the lens centre) at D half
///   cell widths: the rule converges like rho^-6, rho = D + sqrt(D^2 - 1) (Bernstein
///   ellipse; Trefethen 2008, SIAM Review 50, 67, theorem 4.5), scaled by the range;
/// - a smooth exponential of log-range 2u across the cell: u^6 3.2e-5 of the mean (the
///   rule's error term for exp);
/// - a cusp inside the cell: 0.05 of the brightest minus the faintest, where the
///   brightest includes brightness_bound() of the cell, so that a core smaller than the
///   cell cannot hide between the samples.
class CellErrorModel {
 public:
  /// Estimate every cell; buffers grow as needed and are reused.
  /// \param samples readable RaySamples::padding past the last one
  /// \param lens_distance of each cell: distance of its centre from the lens centre
  ///   over its half width; infinity where the lens has no singular centre. Readable
  ///   likewise.
  /// \param half_arcsec half width of each cell
  /// \param estimates one per cell
  void estimate(const CellSampleArrays& samples, const light::Brightness& source,
                std::span<const double> lens_distance,
                std::span<const double> half_arcsec,
                std::vector<CellEstimate>& estimates);

 private:
  enum Column {
    mean,
    lowest,
    highest,
    footprint,
    error,
    cusp_distance,
    cusp_share,
    mixed,
    least_determinant,
    columns
  };
  std::array<AlignedVector<double>, columns> column_;
};

}  // namespace lensmill::imaging
