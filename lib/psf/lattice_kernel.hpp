#pragma once

#include "lib/core/image.hpp"

namespace lensmill::psf {

/// A PSF made ready for convolution: the *effective* PSF (pixel response included once)
/// sampled on the convolution lattice. samples(j, i) is the share of a point source's
/// flux that falls into a pixel whose centre lies ((i - origin_x) / oversample,
/// (j - origin_y) / oversample) pixels from the source.
struct LatticeKernel {
  Image<double> samples;  ///< [y, x]
  int origin_y = 0;
  int origin_x = 0;
  int oversample = 1;  ///< lattice points per pixel
  double sum = 1.0;    ///< of the samples, over oversample^2
  /// S: flux of a unit point source over all pixels. Equal to `sum`, but for a function
  /// that was cut without being scaled up: there that of the whole function.
  double point_flux = 1.0;
  double centroid_x_pix = 0;  ///< first moment over sum, relative to the origin
  double centroid_y_pix = 0;
};

}  // namespace lensmill::psf
