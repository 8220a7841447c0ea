#pragma once

#include <cstdint>

#include "lib/core/image.hpp"
#include "lib/imaging/blank_pixels.hpp"

/// \file
/// Scatter and correlation function of an image's noise from its blank pixels. The
/// image is taken in cells (CellGrid) whose mean over blank pixels is subtracted: what
/// varies over more than a cell is sky, not noise.

namespace lensmill::imaging {

/// Scatter per pixel of the blank pixels about their cell's mean.
struct Scatter {
  double rms = 0.0;
  double mad = 0.0;  ///< 1.4826 times the median absolute deviation
};
Scatter blank_scatter(ImageView<const float> image, ImageView<const std::uint8_t> blank,
                      int cell_pix);

/// Subtract from each cell the mean of its blank pixels; of all cells' where it has
/// hardly any.
void subtract_cell_means(ImageView<const std::uint8_t> blank, int cell_pix,
                         ImageView<float> image);

/// A measured correlation function, lags [dy + max_lag, dx + max_lag].
struct CorrelationMeasurement {
  Image<double> correlation;  ///< 1 in the middle
  Image<double> uncertainty;  ///< standard deviation, by leaving out one cell at a time
  double variance = 0.0;      ///< per pixel, in the image's unit squared
  std::int64_t blank_pixels = 0;  ///< in the cells that were used
  int cells = 0;
};

/// Products of pairs of blank pixels (dy, dx) apart within a cell, summed over cells
/// and divided by the number of such pairs; sums over pairs by FFT. Subtracting a
/// cell's mean takes the variance of that mean from every lag: it is put back, from the
/// correlations themselves. Cells with a quarter or less of blank pixels, or fewer than
/// twice the lags, are left out.
/// \param max_lag correlations beyond it are taken as zero
/// \throws DataError if fewer than four cells are left
CorrelationMeasurement measure_correlation(ImageView<const float> image,
                                           ImageView<const std::uint8_t> blank,
                                           int max_lag, int cell_pix);

/// A correlation function of the same lags that is positive definite: alternating
/// projections onto the spectra above spectrum_floor and onto functions of these lags
/// with 1 in the middle.
Image<double> positive_definite(ImageView<const double> lags);

}  // namespace lensmill::imaging
