#pragma once

#include <cmath>
#include <vector>

#include "lib/core/image.hpp"

/// \file
/// Correlation functions for tests of noise, and dense linear algebra to check against.

namespace lensmill::test_support {

/// Correlation function of white noise filtered by a kernel: positive definite by
/// construction, and not symmetric in either axis alone if the kernel is not.
inline Image<double> correlation_of_kernel(
    const std::vector<std::vector<double>>& kernel) {
  const int ny = static_cast<int>(kernel.size());
  const int nx = static_cast<int>(kernel[0].size());
  Image<double> lags(2 * ny - 1, 2 * nx - 1);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      for (int v = 0; v < ny; ++v) {
        for (int u = 0; u < nx; ++u) {
          lags(v - y + ny - 1, u - x + nx - 1) +=
              kernel[std::size_t(y)][std::size_t(x)] *
              kernel[std::size_t(v)][std::size_t(u)];
        }
      }
    }
  }
  const double variance = lags(ny - 1, nx - 1);
  for (double& value : lags.pixels()) value /= variance;
  return lags;
}

/// Like a coadd's: lag 1 of some 0.3, a diagonal that leans to one side, negative
/// tails. Its spectrum is nowhere below 3 % of white noise's.
inline Image<double> coadd_like_correlation() {
  return correlation_of_kernel(
      {{-0.02, 0.10, 0.05}, {0.16, 0.90, 0.20}, {0.02, 0.25, -0.04}});
}

/// rho(dy, dx), zero beyond the lags.
inline double correlation_at(const Image<double>& lags, int dy, int dx) {
  const int y = dy + lags.ny() / 2;
  const int x = dx + lags.nx() / 2;
  return y >= 0 && x >= 0 && y < lags.ny() && x < lags.nx() ? lags(y, x) : 0.0;
}

/// The covariance matrix D^(1/2) R D^(1/2) + P over the pixels of a stamp, row-major.
inline std::vector<double> dense_covariance(const Image<double>& lags,
                                            ImageView<const float> correlated,
                                            ImageView<const float> white) {
  const int nx = correlated.nx();
  const std::size_t n = correlated.size();
  std::vector<double> matrix(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const int dy = static_cast<int>(j) / nx - static_cast<int>(i) / nx;
      const int dx = static_cast<int>(j) % nx - static_cast<int>(i) % nx;
      matrix[i * n + j] = correlation_at(lags, dy, dx) *
                          std::sqrt(double{correlated.pixels()[i]}) *
                          std::sqrt(double{correlated.pixels()[j]});
    }
    matrix[i * n + i] += double{white.pixels()[i]};
  }
  return matrix;
}

/// x of C x = b by Cholesky's decomposition; C positive definite.
inline std::vector<double> solve_dense(std::vector<double> matrix,
                                       std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i * n + k] * matrix[j * n + k];
      matrix[i * n + j] = i == j ? std::sqrt(sum) : sum / matrix[j * n + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= matrix[i * n + k] * b[k];
    b[i] /= matrix[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= matrix[k * n + i] * b[k];
    b[i] /= matrix[i * n + i];
  }
  return b;
}

}  // namespace lensmill::test_support
