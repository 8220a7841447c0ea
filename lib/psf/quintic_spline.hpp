#pragma once

#include "lib/core/image.hpp"

/// \file
/// Interpolation of sampled kernels by quintic B-splines, the interpolant that the
/// deposit of light on the lattice implies (lib/imaging/spline.hpp; Unser 1999, IEEE
/// Signal Processing Magazine 16, 22).

namespace lensmill::psf {

/// Samples past a kernel's edge over which its spline coefficients are kept: they decay
/// by 0.43 a sample, to 1e-6 of the edge's value here.
inline constexpr int spline_padding = 16;

/// Coefficients c with sum_p c[p] beta(q - p) = samples[q], the samples being zero
/// outside their array. Larger than `samples` by spline_padding on each side.
Image<double> spline_coefficients(ImageView<const double> samples);

/// The spline's value at every point of a grid, or its mean over a box about each.
struct SplineGrid {
  int ny = 0, nx = 0;
  double first_y = 0.0, first_x = 0.0;  ///< in indices of the original samples
  double step = 1.0;                    ///< original samples per grid step
  double box = 0.0;  ///< side of the box in original samples; 0 = point
};
/// `coefficients` as spline_coefficients gives them.
Image<double> evaluate_spline(ImageView<const double> coefficients,
                              const SplineGrid& grid);

}  // namespace lensmill::psf
