#pragma once

#include <cstdint>
#include <vector>

#include "lib/core/image.hpp"

/// \file
/// The pixels of an image that contain nothing but noise.

namespace lensmill::imaging {

/// Rows [y, y + ny), columns [x, x + nx) of an image.
struct PixelBox {
  int y = 0;
  int x = 0;
  int ny = 0;
  int nx = 0;
};

/// An image divided evenly into rows and columns of boxes of nearly `side` pixels.
class CellGrid {
 public:
  CellGrid(int image_ny, int image_nx, int side);
  int rows() const { return rows_; }
  int columns() const { return columns_; }
  PixelBox box(int row, int column) const;

 private:
  int image_ny_, image_nx_, rows_, columns_;
};

/// How sources are found.
struct BlankConfig {
  int cell_pix = 64;            ///< side of the cells that sky and scatter are taken in
  int smoothing_pix = 5;        ///< side of the box over which light is averaged; odd
  double source_sigmas = 4.0;   ///< of the averaged image, either sign
  double outlier_sigmas = 5.0;  ///< of single pixels, either sign
  int growth_pix = 6;           ///< radius by which sources are grown
  int most_rounds = 10;
};

/// Leave only blank pixels in `mask` [y, x], which says (1 or 0) which pixels are of
/// use. Rounds of: sky (median) and scatter (1.4826 MAD) of the blank pixels of each
/// cell, each then the median of 3 x 3 cells; the deviation in units of the scatter
/// averaged over the box; pixels above the thresholds, grown, are sources. Until the
/// mask stands still. Thresholds are such that noise alone rarely passes them, for what
/// is cut from noise makes it look quieter and its correlations less.
void keep_blank_pixels(ImageView<const float> image, const BlankConfig& config,
                       Image<std::uint8_t>& mask);

}  // namespace lensmill::imaging
