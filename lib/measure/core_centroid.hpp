#pragma once

#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::measure {

/// Where the core of a kernel lies, from its origin.
struct CoreCentroid {
  double x_pix = 0.0;
  double y_pix = 0.0;
  double offset_pix() const;
};

/// Centroid in a Gaussian window that follows it, as SExtractor's XWIN_IMAGE (Bertin,
/// SExtractor's manual, "Windowed positions"): the window's width is that of the
/// Gaussian with the kernel's peak over its flux, so that neither the wings nor their
/// noise have a say. From the highest sample. NaN for a kernel without a positive
/// sample.
CoreCentroid core_centroid(const psf::LatticeKernel& kernel);

}  // namespace lensmill::measure
