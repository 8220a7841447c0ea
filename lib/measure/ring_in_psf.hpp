#pragma once

#include "lib/psf/elliptical_psf.hpp"

namespace lensmill::measure {

/// Share of a thin, uniform ring's flux (radius `ring_pix`) that lies inside a circle
/// of radius `aperture_pix` about the ring's centre after the ring is blurred by `psf`,
/// the whole of it, without any pixel's response. A point of the ring sees the circle
/// in rays that enter it at rho_1 and leave it at rho_2; the share is the mean over
/// directions of the flux within rho_2 less that within rho_1. Of an elliptical PSF it
/// is the mean over its angles of the same with the width in that direction. To 1e-5
/// absolute for rings within or beyond the circle's edge by 1 %, 1e-3 on it. All radii
/// in pixels, ring >= 0, aperture > 0. ring_in_gaussian_fraction is its closed form for
/// a round Gaussian.
double ring_in_psf_fraction(double ring_pix, double aperture_pix,
                            const psf::EllipticalPsf& psf);

}  // namespace lensmill::measure
