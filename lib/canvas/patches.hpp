#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/canvas/exchange.hpp"
#include "lib/canvas/geometry.hpp"
#include "lib/canvas/psf_basis.hpp"
#include "lib/canvas/slab_transform.hpp"

namespace lensmill::canvas {

/// A rectangle of a lattice or an image, which it may overlap in part.
struct Place {
  std::int64_t order = 0;  ///< of the injection: patches are added by rising order
  std::int32_t y0 = 0;
  std::int32_t x0 = 0;
  std::int32_t ny = 0;
  std::int32_t nx = 0;
};

/// Light on a rectangle of the lattice, row-major, for unit source flux.
struct Patch {
  Place place;
  std::vector<float> values;
};

/// A patch as a term of the basis has it: its light times the term's weight *where the
/// light is*. Light at x was put on lattice points p by spline weights beta(x - p), so
/// that at p one has the weight at p and a part that goes with the weight's slope,
/// sum of light (x - p) beta(x - p): the slope of what lies on the lattice times the
/// spline's second moment. Without that part kernels err by about 1/3 of the change of
/// the weight over a lattice step, times the term's own slope.
Patch weighted(const Patch& patch, const CanvasGeometry& geometry,
               const PsfBasis& basis, std::size_t term);

/// Append to the messages for every rank the rows of a patch that lie on its slab. Rows
/// and columns outside of the lattice are left out: no kernel brings their light onto
/// the image.
void share_out(const Patch& patch, const CanvasGeometry& geometry,
               const std::vector<Range>& rows_of_ranks, std::vector<Bytes>& to);

/// Add patches that were shared out to this rank's slab, times flux(order). A pixel
/// gets its light in rising order, whatever rank it came from, so that the slabs
/// together have the same bytes on any number of ranks. \independent
void deposit(std::span<const Bytes> received,
             const std::function<double(std::int64_t)>& flux, SlabTransform& canvas);

}  // namespace lensmill::canvas
