#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "lib/imaging/cell.hpp"
#include "lib/imaging/cell_error.hpp"
#include "lib/imaging/smooth_pixels.hpp"
#include "lib/light/brightness.hpp"

/// \file
/// What the integrator does more for sources that are not smooth but for a cusp at
/// their centre (light::is_structured): those with further cusps, and images.

namespace lensmill::imaging {

/// Add to a cell's estimate the errors that further cusps make (as the cusp's at the
/// centre, see CellErrorModel); or, for an image, state the estimate anew: that of the
/// lens centre and that of the image's own structure.
/// \param lens_distance as in CellErrorModel
void add_structure(const light::Brightness& source, const CellSamples& samples,
                   double lens_distance, CellEstimate& estimate);

/// Flux by which structure finer than a cell of that area, one of a pixel's 4^level,
/// may make it err, its neighbours that err alike counted in: such errors of a pixel's
/// cells add in squares. 0 for smooth profiles.
inline double structure_flux(const CellEstimate& estimate, double area, int level) {
  if (estimate.structure_error == 0.0) return 0.0;
  const double cells_per_side = 1 << level;
  return area * estimate.structure_error *
         std::sqrt(std::min(estimate.alike, cells_per_side));
}

/// Make the pixels of stamp and margin (row-major) rough in reach of whose centre the
/// source is not smooth: near a further cusp, or anywhere on an image. Their centre
/// sample will not do.
void mark_structured_pixels(const CentreGrid& centres, const light::Brightness& source,
                            std::vector<PixelClass>& classes);

}  // namespace lensmill::imaging
