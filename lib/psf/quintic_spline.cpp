#include "lib/psf/quintic_spline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace lensmill::psf {
namespace {

/// Poles of the quintic spline's inverse filter (Unser 1999, table 2).
constexpr std::array<double, 2> poles{-0.43057534709997825, -0.043096288203264443};

/// Coefficients of one line, in place, zero outside it. `line` has room for the
/// response's tails: spline_padding zeros at both ends.
void filter_line(std::vector<double>& line) {
  for (double pole : poles) {
    for (std::size_t k = 1; k < line.size(); ++k) line[k] += pole * line[k - 1];
    // The causal response goes on past the end, falling by the pole at each sample.
    line.back() *= -pole / (1.0 - pole * pole);
    for (std::size_t k = line.size() - 1; k-- > 0;) {
      line[k] = pole * (line[k + 1] - line[k]);
    }
    const double gain = (1.0 - pole) * (1.0 - 1.0 / pole);
    for (double& value : line) value *= gain;
  }
}

constexpr std::array<double, 7> binomial{1, -6, 15, -20, 15, -6, 1};

/// The quintic B-spline, support (-3, 3), as a sum of truncated powers.
double spline_value(double x) {
  if (std::abs(x) >= 3.0) return 0.0;
  const double from_edge = 3.0 - std::abs(x);
  double sum = 0.0;
  for (std::size_t j = 0; j < binomial.size(); ++j) {
    const double u = from_edge - static_cast<double>(j);
    if (u <= 0.0) break;
    const double u2 = u * u;
    sum += binomial[j] * u2 * u2 * u;
  }
  return sum / 120.0;
}

/// Integral of the quintic B-spline from -infinity to x.
double spline_integral(double x) {
  if (x <= -3.0) return 0.0;
  if (x > 0.0) return 1.0 - spline_integral(-x);
  double sum = 0.0;
  for (std::size_t j = 0; j < binomial.size(); ++j) {
    const double u = x + 3.0 - static_cast<double>(j);
    if (u <= 0.0) break;
    const double u3 = u * u * u;
    sum += binomial[j] * u3 * u3;
  }
  return sum / 720.0;
}

/// What the coefficients within reach of one grid point weigh in its value.
struct Taps {
  int first = 0;
  std::vector<double> weight;
};

std::vector<Taps> taps_of_axis(int n, double first, double step, double box,
                               int coefficients) {
  std::vector<Taps> taps(static_cast<std::size_t>(n));
  for (int q = 0; q < n; ++q) {
    const double x = first + q * step + spline_padding;
    const double reach = 3.0 + 0.5 * box;
    const int low = std::max(0, static_cast<int>(std::ceil(x - reach)));
    const int high =
        std::min(coefficients - 1, static_cast<int>(std::floor(x + reach)));
    Taps& tap = taps[static_cast<std::size_t>(q)];
    tap.first = low;
    for (int k = low; k <= high; ++k) {
      const double u = x - k;
      tap.weight.push_back(
          box > 0.0
              ? (spline_integral(u + 0.5 * box) - spline_integral(u - 0.5 * box)) / box
              : spline_value(u));
    }
  }
  return taps;
}

}  // namespace

Image<double> spline_coefficients(ImageView<const double> samples) {
  Image<double> result(samples.ny() + 2 * spline_padding,
                       samples.nx() + 2 * spline_padding);
  for (int j = 0; j < samples.ny(); ++j) {
    std::ranges::copy(samples.row(j), &result(j + spline_padding, spline_padding));
  }
  std::vector<double> line;
  for (int j = 0; j < result.ny(); ++j) {
    const auto row = result.view().row(j);
    line.assign(row.begin(), row.end());
    filter_line(line);
    std::ranges::copy(line, row.begin());
  }
  for (int i = 0; i < result.nx(); ++i) {
    line.resize(static_cast<std::size_t>(result.ny()));
    for (int j = 0; j < result.ny(); ++j) {
      line[static_cast<std::size_t>(j)] = result(j, i);
    }
    filter_line(line);
    for (int j = 0; j < result.ny(); ++j) {
      result(j, i) = line[static_cast<std::size_t>(j)];
    }
  }
  return result;
}

Image<double> evaluate_spline(ImageView<const double> coefficients,
                              const SplineGrid& grid) {
  const auto taps_y =
      taps_of_axis(grid.ny, grid.first_y, grid.step, grid.box, coefficients.ny());
  const auto taps_x =
      taps_of_axis(grid.nx, grid.first_x, grid.step, grid.box, coefficients.nx());
  Image<double> result(grid.ny, grid.nx);
  std::vector<double> line(static_cast<std::size_t>(coefficients.nx()));
  for (int q = 0; q < grid.ny; ++q) {
    std::ranges::fill(line, 0.0);
    const Taps& tap_y = taps_y[static_cast<std::size_t>(q)];
    for (std::size_t k = 0; k < tap_y.weight.size(); ++k) {
      const auto row = coefficients.row(tap_y.first + static_cast<int>(k));
      for (std::size_t i = 0; i < line.size(); ++i) line[i] += tap_y.weight[k] * row[i];
    }
    for (int r = 0; r < grid.nx; ++r) {
      const Taps& tap_x = taps_x[static_cast<std::size_t>(r)];
      double sum = 0.0;
      for (std::size_t k = 0; k < tap_x.weight.size(); ++k) {
        sum += tap_x.weight[k] * line[static_cast<std::size_t>(tap_x.first) + k];
      }
      result(q, r) = sum;
    }
  }
  return result;
}

}  // namespace lensmill::psf
