#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/light/brightness.hpp"

namespace lensmill::imaging::detail {

/// The centre samples of one row of pixels: pointers to its first pixel's, between rows
/// `stride` apart; the pixels around the row can be read, too.
struct CentreRow {
  const double* brightness = nullptr;
  const double* determinant = nullptr;
  const double* trace = nullptr;
  const double* source_x_arcsec = nullptr;
  const double* source_y_arcsec = nullptr;
  std::ptrdiff_t stride = 0;
  std::size_t pixels = 0;
  int first_column = 0;  ///< stamp column of the first pixel
};

/// What makes a pixel rough; a test that does not apply has a limit that nothing
/// passes.
struct RowLimits {
  light::RoundMetric metric;
  double variation;                        ///< 1/arcsec^2
  double dark;                             ///< 1/arcsec^2; no light up to this
  double cusp_footprints2;                 ///< times the squared footprint, plus
  double cusp_radius2;                     ///< this: how near the cusp may be, squared
  double lens_x, lens_y2, lens_distance2;  ///< pixels; y2: squared offset of the row
  double core_x, core_y2, core_distance2;
};

/// Class of each pixel: -1 rough, else 0 where dark, or its lens::ImageKind. Compares a
/// pixel's centre with its eight neighbours': change of brightness, size in the
/// source's metric, sign of det A. Run-time dispatched (Highway).
/// \param classes up to seven past the last pixel are written, too
void classify_row(const CentreRow& row, const RowLimits& limits, std::int8_t* classes);

}  // namespace lensmill::imaging::detail
