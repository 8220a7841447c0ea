#pragma once

#include <cstddef>

/// \file
/// The inner loops of putting light on the lattice, run-time dispatched (Highway).

namespace lensmill::imaging::detail {

/// Side of the square of lattice points that one cell's light falls on.
inline constexpr std::size_t deposit_window = 8;

/// out[a][b] += sum_ji wy[j][a] flux[j][i] wx[i][b] over a window, rows of `out` being
/// `stride` apart. \param wx, wy [3][deposit_window]; \param flux [3][3]
void add_square(const double* wx, const double* wy, const double* flux,
                std::size_t stride, double* out);

/// Spline moments of one tap: integrals of 1, u and u^2/2 times the spline over a
/// pixel.
struct DepositTap {
  double m0, m1, half_m2;
};

/// Local quadratics of one row of pixels, zero for `taps` pixels before `value` and the
/// others, and for `taps` and a whole vector after the last.
struct QuadraticRow {
  const double *value, *x, *y, *xx, *xy, *yy;
};

/// The x filter where the lattice has one point per pixel: three fields, `count` points
/// from the first pixel's first tap on (and up to a vector more).
void filter_x(const QuadraticRow& row, const DepositTap* taps, std::size_t tap_count,
              std::size_t count, double* rows0, double* rows1, double* rows2);

/// The y filter: add the three fields to `tap_count` lattice rows, `stride` apart.
void filter_y(const double* rows0, const double* rows1, const double* rows2,
              std::size_t count, const DepositTap* taps, std::size_t tap_count,
              double* first_line, std::size_t stride);

}  // namespace lensmill::imaging::detail
