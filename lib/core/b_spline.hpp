#pragma once

#include <array>
#include <span>

#include "lib/core/image.hpp"

/// \file
/// Interpolation of sampled images by B-splines (Unser 1999, IEEE Signal Processing
/// Magazine 16, 22): of galaxy images, and of kernels, where the interpolant is the one
/// that the deposit of light on the lattice implies (lib/imaging/spline.hpp).

namespace lensmill {

enum class SplineDegree {
  cubic = 3,
  quintic = 5,
  /// The quintic with multiples of its second and fourth derivative added: as narrow
  /// and as exact for polynomials, but several times nearer to what is smooth.
  moms = 15,
};

/// B + moms_second B(2) + moms_fourth B(4), B(k) the k-th derivative of B, the quintic
/// B-spline: maximal order at minimal support (Blu, Thevenaz & Unser 2001, IEEE
/// Transactions on Image Processing 10, 1069). The weights are those that make the
/// worst error smallest for pixel-integrated Moffats (beta 2.5, 3.5) and Gaussians with
/// a FWHM of 3.4 to 4.4 samples; the paper's own (1/33, 1/7920) are for what is far
/// better sampled.
inline constexpr double moms_second = 0.0697;
inline constexpr double moms_fourth = 6.04e-4;
/// The larger pole of its inverse filter: coefficients decay by this a sample.
inline constexpr double moms_pole = -0.56378252165107512;

/// Samples past an image's edge over which its spline coefficients are kept: they decay
/// by 0.43 a sample (quintic; cubic 0.27; moms 0.56), to 1e-6 of the edge's value here.
inline constexpr int spline_padding = 16;
inline constexpr int moms_padding = 24;
inline constexpr int spline_padding_of(SplineDegree degree) {
  return degree == SplineDegree::moms ? moms_padding : spline_padding;
}

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

/// The same for SplineDegree::moms, of the quintic's points.
inline std::array<double, 6> moms_weights(double t) {
  auto weights = quintic_spline_weights(t);
  const auto cubic = cubic_spline_weights(t);
  // Derivatives of B-splines are differences of those of lower degree.
  const std::array<double, 8> c{0.0,      0.0,      cubic[0], cubic[1],
                                cubic[2], cubic[3], 0.0,      0.0};
  const std::array<double, 10> l{0.0, 0.0, 0.0, 0.0, 1.0 - t, t, 0.0, 0.0, 0.0, 0.0};
  for (std::size_t k = 0; k < weights.size(); ++k) {
    weights[k] += moms_second * (c[k] - 2.0 * c[k + 1] + c[k + 2]) +
                  moms_fourth * (l[k] - 4.0 * l[k + 1] + 6.0 * l[k + 2] -
                                 4.0 * l[k + 3] + l[k + 4]);
  }
  return weights;
}

/// Coefficients c with sum_p c[p] beta(q - p) = samples[q], the samples being zero
/// outside their array. Larger than `samples` by spline_padding_of(degree) on each
/// side.
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
