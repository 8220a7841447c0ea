#pragma once

/// \file
/// The stated choices a kernel is made by (docs/conventions.md, "PSF"): nothing is
/// normalised, moved or integrated unless one of these says so.

namespace lensmill::psf {

/// What happens to a kernel's sum.
enum class Normalisation {
  unit,  ///< scaled to unit sum (analytic kinds: the cut PSF integrates to one)
  keep,  ///< kept as stored, or as the cut leaves it; recorded as LatticeKernel::sum
};

/// What happens to a kernel's centroid.
enum class Centring {
  keep,      ///< the origin is index (n-1)//2 per axis, for odd and even n
  recentre,  ///< moved by interpolation so that the centroid lies on the origin
};

/// Whether one pixel's response is put into the samples.
enum class PixelResponse {
  apply,  ///< samples are flux per pixel: the PSF integrated over one pixel
  omit,   ///< samples are the PSF as it is (density per pix^2, or a kernel as stored)
};

}  // namespace lensmill::psf
