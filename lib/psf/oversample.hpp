#pragma once

namespace lensmill::psf {

/// Lattice points per pixel (1, 2, 4 or 8) at which the deposit's quintic spline
/// through a pixel-integrated PSF of this FWHM errs by less than about 2e-4 of the peak
/// of a *point* source's image at the worst offset (the contract's total is 1e-3, and
/// extended light errs less): what `convolve.oversample: auto` takes. Measured (Moffat
/// beta 2.5 / Gaussian, FWHM in pixels):
///
/// | oversample | FWHM 0.9 | 1.15 | 1.5 | 2.0 | 2.3 | 3.0 | 3.5 | 4.0 | 4.6 | 5.15 |
/// |---|---|---|---|---|---|---|---|---|---|---|
/// | 1 | | | | 3e-3/4e-3 | 9e-4/3e-3 | 1e-3/9e-4 | 7e-4/4e-4 | 4e-4/1.5e-4 |
/// 2.2e-4/6e-5 | 1.2e-4/3e-5 |
/// | 2 | | 3e-3/2e-3 | 1e-3/5e-4 | 2.6e-4/1.1e-4 | 1.3e-4/5e-5 | 3e-5/9e-6
/// | 1.3e-5/3e-6 | 6e-6/1e-6 | | | | 4 | 3e-4/6e-5 | 6e-5/1.2e-5 | 7e-6/5e-6 |
/// 2e-6/1e-6 | | | | | | |
int oversample_for_fwhm(double sharpest_fwhm_pix);

}  // namespace lensmill::psf
