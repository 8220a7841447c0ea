#pragma once

#include <array>
#include <span>

#include "lib/core/image.hpp"

/// \file
/// Interpolation of sampled images by B-splines (Unser 1999, IEEE Signal Processing
/// Magazine 16, 22): of kernels, where the quintic is the interpolant that the deposit
/// of light on the lattice implies (lib/imaging/spline.hpp), and of galaxy images.

namespace lensmill {

enum class SplineDegree { cubic = 3, quintic = 5 };

/// Samples past an image's edge over which its spline coefficients are kept: they decay
/// by 0.43 a sample (quintic; cubic 0.27), to 1e-6 of the edge's value here.
inline constexpr int spline_padding = 16;

/// Weights of the points floor(x) - 2 .. floor(x) + 3 in the quintic spline at x, for
/// the fractional part t = x - floor(x) in [0, 1]; they sum to 1.
inline std::array<double, 6> quintic_spline_weights(double t) {
  const double t2 = t * t;
  const double t3 = t2 * t;
  const double t4 = t2 * t2;
  const double t5 = t4 * t;
  const double s = 1.0 - t;
  const double s5 = s * s * s * s * s;
  constexpr double norm = 1.0 / 120.0;
  return {norm * s5,
          norm * (26.0 - 50.0 * t + 20.0 * t2 + 20.0 * t3 - 20.0 * t4 + 5.0 * t5),
          norm * (66.0 - 60.0 * t2 + 30.0 * t4 - 10.0 * t5),
          norm * (26.0 + 50.0 * t + 20.0 * t2 - 20.0 * t3 - 20.0 * t4 + 10.0 * t5),
          norm * (1.0 + 5.0 * t + 10.0 * t2 + 10.0 * t3 + 5.0 * t4 - 5.0 * t5),
          norm * t5};
}

/// The same for the cubic spline, of the points floor(x) - 1 .. floor(x) + 2.
inline std::array<double, 4> cubic_spline_weights(double t) {
  const double t2 = t * t;
  const double t3 = t2 * t;
  const double s = 1.0 - t;
  constexpr double norm = 1.0 / 6.0;
  return {norm * s * s * s, norm * (4.0 - 6.0 * t2 + 3.0 * t3),
          norm * (1.0 + 3.0 * t + 3.0 * t2 - 3.0 * t3), norm * t3};
}

/// Coefficients c with sum_p c[p] beta(q - p) = samples[q], the samples being zero
/// outside their array. Larger than `samples` by spline_padding on each side.
Image<double> spline_coefficients(ImageView<const double> samples,
                                  SplineDegree degree = SplineDegree::quintic);

/// A point of a quadrature rule: offset from the grid point, in original samples.
struct SplineNode {
  double offset = 0.0;
  double weight = 1.0;
};

/// The spline's value at every point of a grid, its mean over a box about each, or
/// (with `nodes`, and box = 0) the sum over the product of a rule's nodes about each.
struct SplineGrid {
  int ny = 0, nx = 0;
  double first_y = 0.0, first_x = 0.0;  ///< in indices of the original samples
  double step = 1.0;                    ///< original samples per grid step
  double box = 0.0;  ///< side of the box in original samples; 0 = point
  std::span<const SplineNode> nodes{};
};
/// `coefficients` as spline_coefficients gives them.
Image<double> evaluate_spline(ImageView<const double> coefficients,
                              const SplineGrid& grid,
                              SplineDegree degree = SplineDegree::quintic);

}  // namespace lensmill
