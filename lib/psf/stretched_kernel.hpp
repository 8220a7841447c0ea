#pragma once

#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::psf {

/// A stored kernel made wider by `width` about its origin, by bilinear interpolation of
/// its samples, with its sum kept: K'(r) = K(r / width) / width^2. The pixel's response
/// in it is stretched along.
LatticeKernel stretched(const LatticeKernel& kernel, double width);

}  // namespace lensmill::psf
