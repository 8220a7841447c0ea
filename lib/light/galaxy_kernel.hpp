#pragma once

#include <span>

#include "lib/core/b_spline.hpp"

namespace lensmill::light::detail {

/// What the kernel needs of an interpolated image: points (x, y) in arcsec lie at
/// u = mirror (cos x + sin y) + u0, v = cos y - sin x + v0 in indices of the
/// coefficients (cos and sin over the pixel's size).
struct GalaxyKernelConstants {
  ImageView<const double> coefficients;
  double cos_over_pix = 1.0;
  double sin_over_pix = 0.0;
  double mirror = 1.0;  ///< -1: mirrored in x
  double u0 = 0.0;
  double v0 = 0.0;
  double scale = 1.0;  ///< brightness per unit of the spline
};

/// scale times the spline; 0 where its support leaves the coefficients. A point's bits
/// depend neither on its place in the batch nor on the vector unit.
void galaxy_evaluate(const GalaxyKernelConstants& constants, SplineDegree degree,
                     std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                     std::span<double> brightness);

}  // namespace lensmill::light::detail
