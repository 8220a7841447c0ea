#pragma once

namespace lensmill::psf {

/// Lattice points per pixel (1, 2, 4 or 8) that `convolve.oversample: auto` takes for a
/// PSF of this FWHM: at least 3.4 lattice steps per FWHM. There the quintic spline
/// through the pixel-integrated PSF errs by at most 8e-4 (Moffat beta 2.5) or 5e-4
/// (Gaussian) of the peak for a *point* source at the worst offset; arcs are extended,
/// and those of the validation set err by at most 2e-4 of their peak (the contract's
/// total is 1e-3). At 4.6 steps the point-source figures are 2.2e-4 and 6e-5, at 7
/// steps 1.3e-5 and 3e-6.
int oversample_for_fwhm(double sharpest_fwhm_pix);

}  // namespace lensmill::psf
