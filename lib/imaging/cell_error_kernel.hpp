#pragma once

#include <cstddef>

#include "lib/light/brightness.hpp"

namespace lensmill::imaging {

/// The samples of many cells, node by node: node k of cell c at [k * cells + c]. Units
/// as in CellSamples.
struct CellSampleArrays {
  std::size_t cells = 0;
  const double* brightness = nullptr;
  const double* source_x_arcsec = nullptr;
  const double* source_y_arcsec = nullptr;
  const double* determinant = nullptr;
};

namespace detail {

/// Per cell, see CellErrorModel.
struct CellColumns {
  double* mean;               ///< by the 3 x 3 Gauss rule
  double* lowest;             ///< of the samples
  double* highest;            ///< of the samples
  double* footprint;          ///< reach of the cell in the source's metric, arcsec
  double* error;              ///< by the lens centre and the exponential term
  double* cusp_distance;      ///< of the cusp at the source's centre, in footprints
  double* cusp_share;         ///< error over range, by that cusp
  double* mixed;              ///< 1: det A changes sign within the cell; else 0
  double* least_determinant;  ///< |det A| where the lens demagnifies least
};

/// Fill the columns, which have room for whole vectors past the last cell (pad()).
/// Run-time dispatched to the best instruction set (Highway).
/// \param lens_distance in half widths of each cell; readable as far as the columns
/// \param cusp_radius_arcsec negative: no cusp, its columns are not filled
void cell_columns(const CellSampleArrays& samples, const double* lens_distance,
                  const light::RoundMetric& metric, double cusp_radius_arcsec,
                  const CellColumns& columns);

/// Numbers that buffers for `n` must have room for.
inline std::size_t padded(std::size_t n) {
  constexpr std::size_t widest = 8;
  return (n + widest - 1) / widest * widest;
}

}  // namespace detail
}  // namespace lensmill::imaging
