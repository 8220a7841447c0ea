#include "lib/imaging/noise_spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace lensmill::imaging {
namespace {

using Complex = std::complex<double>;

// Correlations come from YAML files with some digits.
constexpr double rounding = 1.0e-6;

/// exp(2 pi i k / size) for k in [0, size).
std::vector<Complex> roots_of_unity(int size) {
  std::vector<Complex> roots;
  roots.reserve(static_cast<std::size_t>(size));
  for (int k = 0; k < size; ++k) {
    roots.push_back(std::polar(1.0, 2.0 * std::numbers::pi * k / size));
  }
  return roots;
}

/// k * lag modulo size, for negative lags too.
std::size_t turn(int k, int lag, int size) {
  const auto product = static_cast<long>(k) * lag % size;
  return static_cast<std::size_t>(product < 0 ? product + size : product);
}

}  // namespace

std::string correlation_problem(ImageView<const double> lags) {
  const int ny = lags.ny();
  const int nx = lags.nx();
  if (ny % 2 == 0 || nx % 2 == 0) {
    return fmt::format(
        "has {} x {} lags; both sides must be odd, with lag (0, 0) in the middle", ny,
        nx);
  }
  if (ny > most_lags || nx > most_lags) {
    return fmt::format("has {} x {} lags; at most {} x {} are taken", ny, nx, most_lags,
                       most_lags);
  }
  const int ly = ny / 2;
  const int lx = nx / 2;
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const double rho = lags(y, x);
      if (!std::isfinite(rho) || std::abs(rho) > 1.0 + rounding) {
        return fmt::format("lag (dy {}, dx {}): must be in [-1, 1] (got {})", y - ly,
                           x - lx, rho);
      }
      const double mirrored = lags(ny - 1 - y, nx - 1 - x);
      if (std::abs(rho - mirrored) > rounding) {
        return fmt::format(
            "lags (dy {}, dx {}) and ({}, {}) must be equal, being the same pair of "
            "pixels (got {} and {})",
            y - ly, x - lx, ly - y, lx - x, rho, mirrored);
      }
    }
  }
  if (std::abs(lags(ly, lx) - 1.0) > rounding) {
    return fmt::format(
        "lag (0, 0), in the middle, must be 1 (got {}); these are correlations, not "
        "covariances: divide by the variance",
        lags(ly, lx));
  }
  return "";
}

std::string power_spectrum_problem(ImageView<const double> power) {
  const int ny = power.ny();
  const int nx = power.nx();
  if (ny > most_lags || nx > most_lags) {
    return fmt::format("has {} x {} frequencies; at most {} x {} are taken", ny, nx,
                       most_lags, most_lags);
  }
  double sum = 0.0;
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      if (!std::isfinite(power(y, x)) || power(y, x) < 0.0) {
        return fmt::format("frequency (ky {}, kx {}): must be >= 0 (got {})", y, x,
                           power(y, x));
      }
      sum += power(y, x);
    }
  }
  if (!(sum > 0.0)) return "is zero everywhere: there is no noise to make";
  const double mean = sum / (static_cast<double>(ny) * nx);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const int opposite_y = (ny - y) % ny;
      const int opposite_x = (nx - x) % nx;
      const double opposite = power(opposite_y, opposite_x);
      if (std::abs(power(y, x) - opposite) > rounding * (mean + opposite)) {
        return fmt::format(
            "frequencies (ky {}, kx {}) and ({}, {}) must be equal, being opposite "
            "(got "
            "{} and {}); give the whole table in the order of numpy.fft.fft2, zero "
            "first",
            y, x, opposite_y, opposite_x, power(y, x), opposite);
      }
    }
  }
  return "";
}

Image<double> correlation_of_power(ImageView<const double> power) {
  EXPECT(power_spectrum_problem(power).empty());
  const int ny = power.ny();
  const int nx = power.nx();
  const auto roots_y = roots_of_unity(ny);
  const auto roots_x = roots_of_unity(nx);
  const int ly = ny / 2;
  const int lx = nx / 2;
  // One axis at a time.
  Image<Complex> columns(2 * ly + 1, nx);
  for (int y = 0; y <= 2 * ly; ++y) {
    for (int ky = 0; ky < ny; ++ky) {
      const Complex phase = roots_y[turn(ky, y - ly, ny)];
      for (int kx = 0; kx < nx; ++kx) columns(y, kx) += power(ky, kx) * phase;
    }
  }
  Image<double> lags(2 * ly + 1, 2 * lx + 1);
  for (int y = 0; y <= 2 * ly; ++y) {
    for (int x = 0; x <= 2 * lx; ++x) {
      double sum = 0.0;
      for (int kx = 0; kx < nx; ++kx) {
        sum += (columns(y, kx) * roots_x[turn(kx, x - lx, nx)]).real();
      }
      const bool shared_y = ny % 2 == 0 && std::abs(y - ly) == ly;
      const bool shared_x = nx % 2 == 0 && std::abs(x - lx) == lx;
      lags(y, x) = sum * (shared_y ? 0.5 : 1.0) * (shared_x ? 0.5 : 1.0);
    }
  }
  const double variance = lags(ly, lx);
  for (double& value : lags.pixels()) value /= variance;
  return lags;
}

Image<double> torus_spectrum(ImageView<const double> lags, int size) {
  EXPECT(size % 2 == 0 && size >= lags.ny() && size >= lags.nx());
  const auto roots = roots_of_unity(size);
  const int half = size / 2 + 1;
  const int ly = lags.ny() / 2;
  const int lx = lags.nx() / 2;
  // One axis at a time.
  Image<Complex> rows(lags.ny(), half);
  for (int y = 0; y < lags.ny(); ++y) {
    for (int kx = 0; kx < half; ++kx) {
      Complex sum{};
      for (int x = 0; x < lags.nx(); ++x) {
        sum += lags(y, x) * roots[turn(kx, x - lx, size)];
      }
      rows(y, kx) = sum;
    }
  }
  Image<double> spectrum(size, half);
  for (int ky = 0; ky < size; ++ky) {
    for (int y = 0; y < lags.ny(); ++y) {
      const Complex phase = roots[turn(ky, y - ly, size)];
      for (int kx = 0; kx < half; ++kx) {
        // Point symmetry: the imaginary parts cancel.
        spectrum(ky, kx) +=
            phase.real() * rows(y, kx).real() - phase.imag() * rows(y, kx).imag();
      }
    }
  }
  return spectrum;
}

Image<double> torus_correlation(ImageView<const double> spectrum, int size, int reach_y,
                                int reach_x) {
  EXPECT(spectrum.ny() == size && spectrum.nx() == size / 2 + 1);
  const auto roots = roots_of_unity(size);
  const int half = size / 2 + 1;
  Image<Complex> columns(2 * reach_y + 1, half);
  for (int y = 0; y <= 2 * reach_y; ++y) {
    for (int ky = 0; ky < size; ++ky) {
      const Complex phase = roots[turn(ky, y - reach_y, size)];
      for (int kx = 0; kx < half; ++kx) columns(y, kx) += spectrum(ky, kx) * phase;
    }
  }
  Image<double> lags(2 * reach_y + 1, 2 * reach_x + 1);
  for (int y = 0; y < lags.ny(); ++y) {
    for (int x = 0; x < lags.nx(); ++x) {
      double sum = 0.0;
      for (int kx = 0; kx < half; ++kx) {
        const double twice = kx == 0 || kx == size / 2 ? 1.0 : 2.0;
        const Complex phase = roots[turn(kx, x - reach_x, size)];
        sum += twice * (columns(y, kx).real() * phase.real() -
                        columns(y, kx).imag() * phase.imag());
      }
      lags(y, x) = sum / (static_cast<double>(size) * size);
    }
  }
  return lags;
}

double raise_to_floor(Image<double>& spectrum, int size) {
  EXPECT(spectrum.ny() == size && spectrum.nx() == size / 2 + 1);
  double added = 0.0;
  for (int ky = 0; ky < size; ++ky) {
    for (int kx = 0; kx <= size / 2; ++kx) {
      double& value = spectrum(ky, kx);
      if (value >= spectrum_floor) continue;
      const double twice = kx == 0 || kx == size / 2 ? 1.0 : 2.0;
      added += twice * (spectrum_floor - value);
      value = spectrum_floor;
    }
  }
  return added / (static_cast<double>(size) * size);
}

}  // namespace lensmill::imaging
