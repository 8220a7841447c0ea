#include "lib/light/galaxy_kernel.hpp"

#include <cmath>
#include <cstddef>

#include "lib/core/multiversion.hpp"

namespace lensmill::light::detail {
namespace {

/// One point. Rows are added up column by column first, which vectorises without a
/// change of order.
template <std::size_t taps, class Weights>
inline double spline_at(const double* first_tap, std::ptrdiff_t stride,
                        const Weights& wx, const Weights& wy) {
  double column[taps] = {};
  for (std::size_t j = 0; j < taps; ++j) {
    const double* row = first_tap + static_cast<std::ptrdiff_t>(j) * stride;
    for (std::size_t i = 0; i < taps; ++i) column[i] += wy[j] * row[i];
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < taps; ++i) sum += wx[i] * column[i];
  return sum;
}

/// `first`: the first tap lies that many samples before floor(u).
template <int first, std::size_t taps, class WeightsOf>
inline void evaluate_all(const GalaxyKernelConstants& k, const double* x,
                         const double* y, double* brightness, std::size_t n,
                         WeightsOf weights_of) {
  const std::ptrdiff_t stride = k.coefficients.nx();
  const double* coefficients = k.coefficients.data();
  const double least = first;
  const double most_u = k.coefficients.nx() - static_cast<int>(taps) + first;
  const double most_v = k.coefficients.ny() - static_cast<int>(taps) + first;
  for (std::size_t p = 0; p < n; ++p) {
    const double u = k.mirror * (k.cos_over_pix * x[p] + k.sin_over_pix * y[p]) + k.u0;
    const double v = k.cos_over_pix * y[p] - k.sin_over_pix * x[p] + k.v0;
    const double floor_u = std::floor(u);
    const double floor_v = std::floor(v);
    if (!(floor_u >= least && floor_u <= most_u && floor_v >= least &&
          floor_v <= most_v)) {
      brightness[p] = 0.0;
      continue;
    }
    const auto column = static_cast<std::ptrdiff_t>(floor_u) - first;
    const auto row = static_cast<std::ptrdiff_t>(floor_v) - first;
    brightness[p] =
        k.scale * spline_at<taps>(coefficients + row * stride + column, stride,
                                  weights_of(u - floor_u), weights_of(v - floor_v));
  }
}

LENSMILL_MULTIVERSION void evaluate_quintic(const GalaxyKernelConstants& constants,
                                            const double* x, const double* y,
                                            double* brightness, std::size_t n) {
  evaluate_all<2, 6>(constants, x, y, brightness, n,
                     [](double t) { return quintic_spline_weights(t); });
}

LENSMILL_MULTIVERSION void evaluate_cubic(const GalaxyKernelConstants& constants,
                                          const double* x, const double* y,
                                          double* brightness, std::size_t n) {
  evaluate_all<1, 4>(constants, x, y, brightness, n,
                     [](double t) { return cubic_spline_weights(t); });
}

}  // namespace

void galaxy_evaluate(const GalaxyKernelConstants& constants, SplineDegree degree,
                     std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                     std::span<double> brightness) {
  EXPECT(y_arcsec.size() == x_arcsec.size());
  EXPECT(brightness.size() == x_arcsec.size());
  const auto evaluate =
      degree == SplineDegree::cubic ? evaluate_cubic : evaluate_quintic;
  evaluate(constants, x_arcsec.data(), y_arcsec.data(), brightness.data(),
           x_arcsec.size());
}

}  // namespace lensmill::light::detail
