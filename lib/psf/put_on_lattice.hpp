#pragma once

#include "lib/psf/lattice_kernel.hpp"
#include "lib/psf/pixel_kernel.hpp"

namespace lensmill::psf {

/// How stored samples come to lie on the convolution lattice.
struct LatticePlacing {
  double x_pix = 0.0;  ///< this place of the stored kernel becomes its origin
  double y_pix = 0.0;
  bool add_pixel = false;  ///< put one pixel's response in
  bool as_stored = true;   ///< samples that lie on the lattice already are copied
};

/// The stored values between samples by the deposit's own spline (make_lattice_kernel),
/// as they are: linear in the values, without moments, normalisation or a look at the
/// sum. \param samples_per_pixel stored samples in a pixel, perhaps not a whole number
LatticeKernel put_on_lattice(const PixelKernel& kernel, double samples_per_pixel,
                             int oversample, const LatticePlacing& placing);

}  // namespace lensmill::psf
