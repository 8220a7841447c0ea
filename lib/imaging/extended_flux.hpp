#pragma once

#include <vector>

#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/cell_batch.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::imaging {

/// Lensed flux on the extended grid, 3 x 3 stamps about the stamp: the denominator of
/// flux_in_stamp_fraction. The stamp's own flux plus an adaptive integral over the ring
/// of eight stamps around it, in cells of half a stamp, to 1e-4 of the total.
class ExtendedFlux {
 public:
  struct Workspace {
    std::vector<Cell> cells;
    std::vector<Cell> next;
    std::vector<CellEstimate> estimates;
    CellBatch batch;
  };
  explicit ExtendedFlux(const PixelGrid& grid) : grid_(grid) {}

  /// Total for unit source flux; counts its evaluations into `planes.evaluations`. NaN
  /// where it takes more cells than there is memory for (images of galaxies whose light
  /// cancels).
  /// \param planes the rendered stamp, with margin_pix pixels around it; gets its
  ///   `stamp_flux` and `outside`
  double total(const LensedSource& object, int margin_pix, ArcPlanes& planes,
               Workspace& workspace) const;

 private:
  PixelGrid grid_;
};

}  // namespace lensmill::imaging
