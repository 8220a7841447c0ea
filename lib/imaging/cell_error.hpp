#pragma once

#include <array>
#include <cstddef>
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
  double brightness_error = 0.0;  ///< estimated |error| of the mean
  /// The mean, or less where a sample next to the cusp stands for too much: what the
  /// source can bring at most into a cell of this footprint. Tolerances go by it.
  double bounded_brightness = 0.0;
  /// Images: root-mean-square error of the mean by structure finer than the cell.
  double structure_error = 0.0;
  /// Neighbouring cells of this size that see the same structure and err alike: many
  /// where the lens stretches the image along them. Others err independently, so that
  /// errors add in squares. >= 1.
  double alike = 1.0;
  bool mixed_kinds = false;  ///< a critical curve crosses the samples
};

/// Error model of the 3 x 3 Gauss rule on one cell, three terms:
/// - a singular point of the integrand (the source's cusp, the lens centre) at D half
///   cell widths: the rule converges like rho^-6, rho = D + sqrt(D^2 - 1) (Bernstein
///   ellipse; Trefethen 2008, SIAM Review 50, 67, theorem 4.5), scaled by the range;
/// - a smooth exponential of log-range 2u across the cell: u^6 3.2e-5 of the mean (the
///   rule's error term for exp);
/// - a cusp inside the cell: 0.05 of the brightest minus the faintest, where the
///   brightest includes the mean surface brightness of the source within the cell's
///   footprint, so that a core smaller than the cell cannot hide between the samples.
class CellErrorModel {
 public:
  /// Estimate every cell; buffers grow as needed and are reused.
  /// \param samples readable RaySamples::padding past the last one
  /// \param lens_distance of each cell: distance of its centre from the lens centre
  ///   over its half width; infinity where the lens has no singular centre. Readable
  ///   likewise.
  /// \param estimates one per cell
  void estimate(const CellSampleArrays& samples, const light::Brightness& source,
                std::span<const double> lens_distance,
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
    columns
  };
  std::array<AlignedVector<double>, columns> column_;
};

}  // namespace lensmill::imaging
