#pragma once

#include <string>

#include "lib/core/image.hpp"

/// \file
/// Correlation functions of stationary noise and their power spectra on a torus.
/// A correlation function is an image [dy + ly, dx + lx] of odd sides (2 ly + 1,
/// 2 lx + 1): the correlation of two pixels (dy, dx) apart, zero at larger lags.

namespace lensmill::imaging {

/// The greatest side of a correlation function.
inline constexpr int most_lags = 257;

/// What keeps an image from being a correlation function, or "": odd sides up to
/// most_lags, finite, 1 at lag (0, 0), rho(-dy, -dx) = rho(dy, dx), none above 1 in
/// size. Whether it is positive definite is CorrelatedNoise's matter.
std::string correlation_problem(ImageView<const double> lags);

/// Power spectrum on a torus of size x size pixels: eigenvalues
///   S[ky, kx] = sum_lags rho(dy, dx) cos(2 pi (ky dy + kx dx) / size)
/// of the circulant matrix, [size, size / 2 + 1]; the other half is its mirror image.
/// Their mean over the whole torus is rho(0, 0). In double, by its definition.
/// \param size even; at least as large as the lags' sides
Image<double> torus_spectrum(ImageView<const double> lags, int size);

/// The inverse: correlations at lags |dy| <= reach_y, |dx| <= reach_x of the noise that
/// has this spectrum on a torus of `size` pixels, [2 reach_y + 1, 2 reach_x + 1].
Image<double> torus_correlation(ImageView<const double> spectrum, int size, int reach_y,
                                int reach_x);

/// What keeps a table from being a power spectrum [ky, kx] in the order of a discrete
/// Fourier transform (numpy.fft.fft2: zero first, negative frequencies last), or "":
/// sides up to most_lags, finite, none negative, not all zero,
/// S(-ky, -kx) = S(ky, kx).
std::string power_spectrum_problem(ImageView<const double> power);

/// The correlation function whose spectrum is this table, of any scale, at the table's
/// frequencies: its inverse transform over its value at lag (0, 0), with lags up to
/// half a side; a lag of half an even side is shared by both signs. \param power
/// without a power_spectrum_problem()
Image<double> correlation_of_power(ImageView<const double> power);

/// Eigenvalues are raised to this part of their mean (the spectrum of white noise of
/// the same variance), so that every covariance can be inverted: where noise is
/// oversampled, its spectrum all but vanishes at high frequencies, and no image is free
/// of rounding.
inline constexpr double spectrum_floor = 1.0e-3;

/// Raise eigenvalues to spectrum_floor. \return the variance that this adds, of a
/// variance of rho(0, 0) = 1 before
double raise_to_floor(Image<double>& spectrum, int size);

}  // namespace lensmill::imaging
