#pragma once

#include <string>
#include <vector>

#include "lib/psf/pixel_kernel.hpp"

namespace lensmill::psf {

/// A PSFEx model (Bertin 2011, ADASS XX, 435) as its file states it: basis images whose
/// weights are monomials in the scaled CCD position.
struct PsfexModel {
  std::vector<Image<double>> basis;          ///< PSF_MASK [k][y, x]
  std::vector<std::string> polynomial_name;  ///< POLNAMEi, e.g. X_IMAGE, Y_IMAGE
  std::vector<double> polynomial_zero;       ///< POLZEROi
  std::vector<double> polynomial_scale;      ///< POLSCALi
  int polynomial_degree = 0;                 ///< POLDEG1
  double sampling_pix = 1.0;                 ///< PSF_SAMP: pixels per sample
  std::string name;                          ///< file, for messages
};

/// Refuse a model that cannot be evaluated: a number of basis images that does not fit
/// the polynomial, an unknown POLNAME, a zero scale, a PSF_SAMP <= 0, non-finite
/// values. \throws DataError naming the model and every problem.
void check(const PsfexModel& model);

/// The model's kernel at CCD position (x_image, y_image) (1-based pixels, as
/// SExtractor's X_IMAGE, Y_IMAGE), resampled to `samples_per_pixel` samples per pixel
/// with the normalised Lanczos-4 interpolation of PSFEx and SExtractor
/// (vignet_resample); a copy of the polynomial's value where PSF_SAMP *
/// samples_per_pixel is 1. For what PSFEx itself would draw; convolution takes
/// lattice_kernel_at. A resampled kernel has odd sides, its origin on the mask's
/// (n-1)//2. PSF_MASK contains flux per image pixel at any sampling, so the sum is that
/// of the mask times PSF_SAMP^2, kept. includes_pixel is true. \throws DataError as
/// check.
PixelKernel kernel_at(const PsfexModel& model, double x_image, double y_image,
                      int samples_per_pixel = 1);

/// The model at a CCD position on the convolution lattice, at whose points its own
/// samples (PSF_SAMP pixels apart) are interpolated: nothing is read at one sample per
/// pixel in between. The interpolant is the deposit's own spline (b_spline.hpp, moms)
/// through the samples of the mask, zero outside it, instead of PSFEx's Lanczos-4:
/// for a FWHM of 3.4 to 8 samples it is within 2e-4 to 3e-6 of the peak of the
/// function that was sampled, where Lanczos-4 errs by 4e-3 to 2e-3; at the samples both
/// are the samples. \param options pixel_response: no meaning, the pixel is in it
/// \throws DataError as check, or for a model without flux there
LatticeKernel lattice_kernel_at(const PsfexModel& model, double x_image, double y_image,
                                const PixelKernelOptions& options);

}  // namespace lensmill::psf
