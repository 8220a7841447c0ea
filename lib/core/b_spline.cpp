#include "lib/core/b_spline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace lensmill {
namespace {

// Poles of the splines' inverse filters (Unser 1999, table 2).
constexpr std::array<double, 2> quintic_poles{-0.43057534709997825,
                                              -0.043096288203264443};
constexpr std::array<double, 1> cubic_poles{-0.26794919243112270};
// Roots of the polynomial whose coefficients are the function's values at integers.
constexpr std::array<double, 2> moms_poles{moms_pole, -0.10980773978069347};

std::span<const double> poles_of(SplineDegree degree) {
  switch (degree) {
    case SplineDegree::cubic: return cubic_poles;
    case SplineDegree::moms: return moms_poles;
    case SplineDegree::quintic: break;
  }
  return quintic_poles;
}

/// Coefficients of one line, in place, zero outside it. `line` has room for the
/// response's tails: spline_padding zeros at both ends.
void filter_line(std::vector<double>& line, std::span<const double> poles) {
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

/// A B-spline as a sum of truncated powers: binomial (n+1 over j), alternating, over n!
/// and over (n+1)! for its integral.
struct Basis {
  double half_support;
  std::span<const double> binomial;
  double norm;
  double integral_norm;
};
constexpr std::array<double, 7> quintic_binomial{1, -6, 15, -20, 15, -6, 1};
constexpr std::array<double, 5> cubic_binomial{1, -4, 6, -4, 1};
constexpr std::array<double, 3> linear_binomial{1, -2, 1};
constexpr Basis quintic{3.0, quintic_binomial, 120.0, 720.0};
constexpr Basis cubic{2.0, cubic_binomial, 6.0, 24.0};
constexpr Basis linear{1.0, linear_binomial, 1.0, 2.0};
// The quintic and two derivatives of it: see spline_value.
constexpr Basis moms{3.0, {}, 0.0, 0.0};

const Basis& basis_of(SplineDegree degree) {
  switch (degree) {
    case SplineDegree::cubic: return cubic;
    case SplineDegree::moms: return moms;
    case SplineDegree::quintic: break;
  }
  return quintic;
}

/// u to the degree of the basis.
double power_of(const Basis& basis, double u) {
  const double u2 = u * u;
  switch (basis.binomial.size()) {
    case 3: return u;
    case 5: return u2 * u;
    default: return u2 * u2 * u;
  }
}

/// moms from a function of a basis and a place: derivatives of B-splines are
/// differences of those of lower degree.
template <class Of>
double of_moms(double x, Of of) {
  const double second = of(cubic, x + 1.0) - 2.0 * of(cubic, x) + of(cubic, x - 1.0);
  const double fourth = of(linear, x + 2.0) - 4.0 * of(linear, x + 1.0) +
                        6.0 * of(linear, x) - 4.0 * of(linear, x - 1.0) +
                        of(linear, x - 2.0);
  return of(quintic, x) + moms_second * second + moms_fourth * fourth;
}

double spline_value(const Basis& basis, double x) {
  if (basis.binomial.empty()) return of_moms(x, spline_value);
  if (std::abs(x) >= basis.half_support) return 0.0;
  const double from_edge = basis.half_support - std::abs(x);
  double sum = 0.0;
  for (std::size_t j = 0; j < basis.binomial.size(); ++j) {
    const double u = from_edge - static_cast<double>(j);
    if (u <= 0.0) break;
    sum += basis.binomial[j] * power_of(basis, u);
  }
  return sum / basis.norm;
}

/// Integral of the B-spline from -infinity to x.
double spline_integral(const Basis& basis, double x) {
  if (basis.binomial.empty()) return of_moms(x, spline_integral);
  if (x <= -basis.half_support) return 0.0;
  if (x > 0.0) return 1.0 - spline_integral(basis, -x);
  double sum = 0.0;
  for (std::size_t j = 0; j < basis.binomial.size(); ++j) {
    const double u = x + basis.half_support - static_cast<double>(j);
    if (u <= 0.0) break;
    sum += basis.binomial[j] * power_of(basis, u) * u;
  }
  return sum / basis.integral_norm;
}

/// What the coefficients within reach of one grid point weigh in its value.
struct Taps {
  int first = 0;
  std::vector<double> weight;
};

/// What one coefficient at distance u weighs: a point, a box mean, or a rule's sum.
double tap_weight(const Basis& basis, const SplineGrid& grid, double u) {
  if (grid.box > 0.0) {
    return (spline_integral(basis, u + 0.5 * grid.box) -
            spline_integral(basis, u - 0.5 * grid.box)) /
           grid.box;
  }
  if (grid.nodes.empty()) return spline_value(basis, u);
  double sum = 0.0;
  for (const auto& node : grid.nodes) {
    sum += node.weight * spline_value(basis, u + node.offset);
  }
  return sum;
}

double reach_of(const Basis& basis, const SplineGrid& grid) {
  double farthest = 0.5 * grid.box;
  for (const auto& node : grid.nodes) {
    farthest = std::max(farthest, std::abs(node.offset));
  }
  return basis.half_support + farthest;
}

std::vector<Taps> taps_of_axis(const Basis& basis, const SplineGrid& grid, int n,
                               double first, int padding, int coefficients) {
  const double reach = reach_of(basis, grid);
  std::vector<Taps> taps(static_cast<std::size_t>(n));
  for (int q = 0; q < n; ++q) {
    const double x = first + q * grid.step + padding;
    const int low = std::max(0, static_cast<int>(std::ceil(x - reach)));
    const int high =
        std::min(coefficients - 1, static_cast<int>(std::floor(x + reach)));
    Taps& tap = taps[static_cast<std::size_t>(q)];
    tap.first = low;
    for (int k = low; k <= high; ++k) {
      tap.weight.push_back(tap_weight(basis, grid, x - k));
    }
  }
  return taps;
}

}  // namespace

Image<double> spline_coefficients(ImageView<const double> samples,
                                  SplineDegree degree) {
  const int padding = spline_padding_of(degree);
  Image<double> result(samples.ny() + 2 * padding, samples.nx() + 2 * padding);
  for (int j = 0; j < samples.ny(); ++j) {
    std::ranges::copy(samples.row(j), &result(j + padding, padding));
  }
  std::vector<double> line;
  for (int j = 0; j < result.ny(); ++j) {
    const auto row = result.view().row(j);
    line.assign(row.begin(), row.end());
    filter_line(line, poles_of(degree));
    std::ranges::copy(line, row.begin());
  }
  for (int i = 0; i < result.nx(); ++i) {
    line.resize(static_cast<std::size_t>(result.ny()));
    for (int j = 0; j < result.ny(); ++j) {
      line[static_cast<std::size_t>(j)] = result(j, i);
    }
    filter_line(line, poles_of(degree));
    for (int j = 0; j < result.ny(); ++j) {
      result(j, i) = line[static_cast<std::size_t>(j)];
    }
  }
  return result;
}

Image<double> evaluate_spline(ImageView<const double> coefficients,
                              const SplineGrid& grid, SplineDegree degree) {
  const Basis& basis = basis_of(degree);
  const int padding = spline_padding_of(degree);
  const auto taps_y =
      taps_of_axis(basis, grid, grid.ny, grid.first_y, padding, coefficients.ny());
  const auto taps_x =
      taps_of_axis(basis, grid, grid.nx, grid.first_x, padding, coefficients.nx());
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

}  // namespace lensmill
