#pragma once

#include <array>
#include <cmath>
#include <numbers>

#include "lib/core/b_spline.hpp"

/// \file
/// The quintic B-spline with which light is put on the convolution lattice.
///
/// A point source at x between lattice points is represented by the weights
/// beta(x - p), p integer, and the PSF's samples P(p) by spline coefficients c with
/// sum_p c[p] beta(q - p) = P(q) at every lattice point q. Then
/// sum_p beta(x - p) c[i - p] is the spline through the PSF's samples, evaluated at the
/// exact offset i - x: convolution sees light where it is, not at pixel centres (Unser
/// 1999, IEEE Signal Processing Magazine 16, 22). In Fourier space c is P divided by
/// `spline_response`. Worst error for a point source at the worst offset, of the PSF's
/// peak, pixel-integrated Moffat beta = 2.5 / Gaussian, measured: FWHM 2.5 lattice
/// steps 1.1e-3 / 2.5e-3; 3.5: 8e-4 / 4e-4; 4.6: 2.3e-4 / 6e-5; 5.5: 8e-5 / 2e-5.

namespace lensmill::imaging {

/// Lattice points that one sample touches per axis.
inline constexpr int spline_support = 6;

/// Weights of the points floor(x) - 2 .. floor(x) + 3 for fractional part t = x -
/// floor(x) in [0, 1]; they sum to 1.
inline std::array<double, spline_support> spline_weights(double t) {
  return quintic_spline_weights(t);
}

/// Fourier transform of the spline's samples at integer points, at `frequency` cycles
/// per lattice step and axis; positive, 1 at 0.
inline double spline_response(double frequency) {
  const double angle = 2.0 * std::numbers::pi * frequency;
  return (66.0 + 52.0 * std::cos(angle) + 2.0 * std::cos(2.0 * angle)) / 120.0;
}

}  // namespace lensmill::imaging
