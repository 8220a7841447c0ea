#pragma once

#include <array>
#include <cmath>
#include <numbers>

#include "lib/core/b_spline.hpp"

/// \file
/// The spline with which light is put on the convolution lattice: SplineDegree::moms,
/// a quintic B-spline with multiples of its second and fourth derivative.
///
/// A point source at x between lattice points is represented by the weights
/// beta(x - p), p integer, and the PSF's samples P(p) by spline coefficients c with
/// sum_p c[p] beta(q - p) = P(q) at every lattice point q. Then
/// sum_p beta(x - p) c[i - p] is the spline through the PSF's samples, evaluated at the
/// exact offset i - x: convolution sees light where it is, not at pixel centres (Unser
/// 1999, IEEE Signal Processing Magazine 16, 22). In Fourier space c is P divided by
/// `spline_response`. Its worst error is in lib/psf/oversample.hpp.

namespace lensmill::imaging {

/// Lattice points that one sample touches per axis.
inline constexpr int spline_support = 6;

/// Weights of the points floor(x) - 2 .. floor(x) + 3 for fractional part t = x -
/// floor(x) in [0, 1]; they sum to 1, and some are below zero.
inline std::array<double, spline_support> spline_weights(double t) {
  return moms_weights(t);
}

/// Fourier transform of the spline's samples at integer points, at `frequency` cycles
/// per lattice step and axis; 1 at 0, never below 0.05.
inline double spline_response(double frequency) {
  const double angle = 2.0 * std::numbers::pi * frequency;
  const double c = std::cos(angle);
  const double difference = 2.0 * c - 2.0;  // of a second difference
  const double quintic = (66.0 + 52.0 * c + 2.0 * std::cos(2.0 * angle)) / 120.0;
  const double cubic = (4.0 + 2.0 * c) / 6.0;
  return quintic + moms_second * cubic * difference +
         moms_fourth * difference * difference;
}

}  // namespace lensmill::imaging
