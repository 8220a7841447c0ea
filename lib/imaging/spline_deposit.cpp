#include "lib/imaging/spline_deposit.hpp"

#include <cmath>

#include "lib/core/contracts.hpp"
#include "lib/imaging/deposit_kernel.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::imaging {
namespace {

// Deeper cells are rare. Windows are a quarter of the size of axes.
constexpr int tabulated_windows = 10;
constexpr int tabulated_axes = 8;

}  // namespace

SplineDeposit::SplineDeposit(const Lattice& lattice) : lattice_(lattice) {
  const int os = lattice.oversample;
  // A sample up to half a pixel outside still fits.
  EXPECT(lattice.border >= os / 2 + spline_support / 2 + 1);
  EXPECT(os <= 16);
  window_first_ = static_cast<int>(std::floor(-0.5 * os)) - spline_support / 2 + 1;
  fits_window_ = os / 2 + spline_support / 2 < window_first_ + window;
  const int levels = fits_window_ ? tabulated_windows : tabulated_axes;
  for (int level = 0; level < levels; ++level) {
    const int cells = 1 << level;
    auto& windows = window_table_.emplace_back();
    auto& axes = axis_table_.emplace_back();
    for (int sub = 0; sub < cells; ++sub) {
      const double centre = (sub + 0.5) / cells - 0.5;
      if (fits_window_) windows.push_back(window_weights(centre, 0.5 / cells));
      if (!fits_window_) axes.push_back(axis_weights(centre, 0.5 / cells));
    }
  }
}

SplineDeposit::WindowWeights SplineDeposit::window_weights(double centre_offset_pix,
                                                           double half_pix) const {
  const AxisWeights axis = axis_weights(centre_offset_pix, half_pix);
  WindowWeights weights{};
  const auto shift = static_cast<std::size_t>(axis.first - window_first_);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(axis.count); ++k) {
      weights[i * window + shift + k] = axis.weight[i][k];
    }
  }
  return weights;
}

SplineDeposit::AxisWeights SplineDeposit::axis_weights(double centre_offset_pix,
                                                       double half_pix) const {
  AxisWeights axis;
  std::array<int, 3> base{};
  std::array<std::array<double, spline_support>, 3> weights{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double position =
        lattice_.oversample * (centre_offset_pix + half_pix * gauss_node[i]);
    const double floor = std::floor(position);
    base[i] = static_cast<int>(floor) - 2;
    weights[i] = spline_weights(position - floor);
  }
  axis.first = base[0];
  axis.count = base[2] - base[0] + spline_support;
  ENSURE(axis.count <= most_points);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < spline_support; ++k) {
      axis.weight[i][static_cast<std::size_t>(base[i] - axis.first) + k] =
          weights[i][k];
    }
  }
  return axis;
}

void SplineDeposit::add_to_window(const Cell& cell,
                                  const std::array<double, samples_per_cell>& flux,
                                  ImageView<double> plane) const {
  const int x0 = lattice_.index_of_pixel(cell.column) + window_first_;
  const int y0 = lattice_.index_of_pixel(cell.row) + window_first_;
  EXPECT(x0 >= 0 && x0 + window <= plane.nx() && y0 >= 0 && y0 + window <= plane.ny());
  const auto stride = static_cast<std::size_t>(plane.nx());
  if (cell.level < tabulated_windows) {
    const auto& row = window_table_[static_cast<std::size_t>(cell.level)];
    detail::add_square(row[static_cast<std::size_t>(cell.sub_x)].data(),
                       row[static_cast<std::size_t>(cell.sub_y)].data(), flux.data(),
                       stride, &plane(y0, x0));
    return;
  }
  const double cells = static_cast<double>(1 << cell.level);
  const auto weights_x = window_weights((cell.sub_x + 0.5) / cells - 0.5, 0.5 / cells);
  const auto weights_y = window_weights((cell.sub_y + 0.5) / cells - 0.5, 0.5 / cells);
  detail::add_square(weights_x.data(), weights_y.data(), flux.data(), stride,
                     &plane(y0, x0));
}

void SplineDeposit::add_cell(const Cell& cell,
                             const std::array<double, samples_per_cell>& flux,
                             ImageView<double> plane) const {
  if (fits_window_) {
    add_to_window(cell, flux, plane);
    return;
  }
  if (cell.level < tabulated_axes) {
    const auto& row = axis_table_[static_cast<std::size_t>(cell.level)];
    add_axes(row[static_cast<std::size_t>(cell.sub_x)],
             row[static_cast<std::size_t>(cell.sub_y)], cell, flux, plane);
    return;
  }
  const double cells = static_cast<double>(1 << cell.level);
  add_axes(axis_weights((cell.sub_x + 0.5) / cells - 0.5, 0.5 / cells),
           axis_weights((cell.sub_y + 0.5) / cells - 0.5, 0.5 / cells), cell, flux,
           plane);
}

void SplineDeposit::add_axes(const AxisWeights& ax, const AxisWeights& ay,
                             const Cell& cell,
                             const std::array<double, samples_per_cell>& flux,
                             ImageView<double> plane) const {
  const std::size_t count = static_cast<std::size_t>(ax.count);

  std::array<std::array<double, most_points>, 3> row;
  for (std::size_t j = 0; j < 3; ++j) {
    for (std::size_t b = 0; b < count; ++b) {
      row[j][b] = flux[3 * j] * ax.weight[0][b] + flux[3 * j + 1] * ax.weight[1][b] +
                  flux[3 * j + 2] * ax.weight[2][b];
    }
  }
  const int x0 = lattice_.index_of_pixel(cell.column) + ax.first;
  const int y0 = lattice_.index_of_pixel(cell.row) + ay.first;
  for (int a = 0; a < ay.count; ++a) {
    double* out = &plane(y0 + a, x0);
    const std::size_t k = static_cast<std::size_t>(a);
    const double w0 = ay.weight[0][k];
    const double w1 = ay.weight[1][k];
    const double w2 = ay.weight[2][k];
    for (std::size_t b = 0; b < count; ++b) {
      out[b] += w0 * row[0][b] + w1 * row[1][b] + w2 * row[2][b];
    }
  }
}

void SplineDeposit::add_point(double x_pix, double y_pix, double flux,
                              ImageView<double> plane) const {
  const double x = lattice_.first_pixel() + lattice_.oversample * x_pix;
  const double y = lattice_.first_pixel() + lattice_.oversample * y_pix;
  const double floor_x = std::floor(x);
  const double floor_y = std::floor(y);
  const auto wx = spline_weights(x - floor_x);
  const auto wy = spline_weights(y - floor_y);
  const int x0 = static_cast<int>(floor_x) - 2;
  const int y0 = static_cast<int>(floor_y) - 2;
  for (std::size_t a = 0; a < spline_support; ++a) {
    double* out = &plane(y0 + static_cast<int>(a), x0);
    for (std::size_t b = 0; b < spline_support; ++b) out[b] += flux * wy[a] * wx[b];
  }
}

}  // namespace lensmill::imaging
