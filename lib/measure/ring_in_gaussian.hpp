#pragma once

namespace lensmill::measure {

/// Share of a thin ring's flux that lies inside a circle of radius `aperture_pix` about
/// the ring's centre after the ring (radius `ring_pix`) is blurred by a circular
/// Gaussian of `sigma_pix`: the cumulative distribution function of the non-central
/// chi-square distribution with 2 degrees of freedom and non-centrality (ring /
/// sigma)^2 at (aperture / sigma)^2, i.e. one minus Marcum's Q of order 1. Summed as
/// the mixture of Poisson weights and gamma distributions that defines it (Johnson,
/// Kotz & Balakrishnan 1995, eq. 29.2), to 1e-14 absolute. All radii in pixels, ring >=
/// 0, aperture >= 0, sigma > 0.
double ring_in_gaussian_fraction(double ring_pix, double aperture_pix,
                                 double sigma_pix);

}  // namespace lensmill::measure
