#pragma once

namespace lensmill::psf {

/// Points of the deposit's Lagrange stencil: odd, centred on the nearest lattice point.
inline constexpr int deposit_stencil_points = 9;

/// Lattice points per pixel (1, 2, 4 or 8) at which the deposit's 9-point interpolation
/// of a pixel-integrated PSF with this FWHM errs by less than 2e-4 of the peak of a
/// point source's image (the contract's total is 1e-3): what `convolve.oversample:
/// auto` takes.
int oversample_for_fwhm(double sharpest_fwhm_pix);

}  // namespace lensmill::psf
