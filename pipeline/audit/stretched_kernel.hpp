#pragma once

#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::pipeline {

/// A stored kernel made wider by `width` about its origin, by bilinear interpolation of
/// its samples, with its sum kept: K'(r) = K(r / width) / width^2. The pixel's response
/// in it is stretched along.
psf::LatticeKernel stretched(const psf::LatticeKernel& kernel, double width);

}  // namespace lensmill::pipeline
