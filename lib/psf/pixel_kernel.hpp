#pragma once

#include <string>

#include "lib/psf/kernel_moments.hpp"
#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::psf {

/// A kernel given as an image: values [y, x] are shares of a point source's flux per
/// sample, `samples_per_pixel` samples per pixel and axis.
struct PixelKernel {
  Image<double> values;
  int samples_per_pixel = 1;
  /// Whether the values contain the pixel's response already (an effective PSF).
  bool includes_pixel = false;
  std::string name;  ///< for messages: file and dataset

  /// Index of the origin: (n-1)//2 per axis.
  int origin_y() const { return (values.ny() - 1) / 2; }
  int origin_x() const { return (values.nx() - 1) / 2; }
};

/// Moments of a kernel as stored.
/// \throws DataError, by name, for an empty kernel, a non-finite value or a sum that is
/// zero to within 1e-6 of the sum of absolute values.
KernelMoments kernel_moments(const PixelKernel& kernel);

/// How a pixelised kernel is made into a lattice kernel.
struct PixelKernelOptions {
  int oversample = 1;
  Normalisation normalisation = Normalisation::unit;
  Centring centring = Centring::keep;
  /// apply: one pixel's response is put in unless includes_pixel says it is there.
  /// omit: as stored, the peers' discrete operation (`convolve.oversample: 1`).
  PixelResponse pixel_response = PixelResponse::apply;
};

/// Put a stored kernel on the convolution lattice. Values between samples are those of
/// the deposit's own spline (b_spline.hpp, moms), so that a kernel with includes_pixel
/// used at its own sampling is used exactly as stored. \throws DataError as
/// kernel_moments.
LatticeKernel make_lattice_kernel(const PixelKernel& kernel,
                                  const PixelKernelOptions& options);

/// The same for values whose samples lie another, perhaps not whole, number of times as
/// close as the lattice of pixels: `samples_per_pixel` in place of the kernel's own,
/// which then only scales the values (shares per 1 / samples_per_pixel^2 pixels).
LatticeKernel make_lattice_kernel(const PixelKernel& kernel, double samples_per_pixel,
                                  const PixelKernelOptions& options);

}  // namespace lensmill::psf
