#pragma once

#include <span>

namespace lensmill::psf {

/// Coefficients of m^2 = xx x^2 + xy x y + yy y^2, scaled as a profile wants them.
struct QuadraticForm {
  double xx, xy, yy;
};

/// density = peak * exp(-(quadratic form of x, y)); SIMD, dispatched at run time.
void gaussian_profile(const QuadraticForm& form, double peak, std::span<const double> x,
                      std::span<const double> y, std::span<double> density);

/// density = peak * (1 + quadratic form of x, y)^-beta; half-integer beta up to 8 by
/// square root and products, others by exp(-beta log). SIMD, dispatched at run time.
void moffat_profile(const QuadraticForm& form, double peak, double beta,
                    std::span<const double> x, std::span<const double> y,
                    std::span<double> density);

}  // namespace lensmill::psf
