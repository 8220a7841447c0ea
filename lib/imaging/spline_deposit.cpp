#include "lib/imaging/spline_deposit.hpp"

#include <cmath>

#include "lib/core/contracts.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::imaging {
namespace {
constexpr int tabulated_levels = 6;
}  // namespace

SplineDeposit::SplineDeposit(const Lattice& lattice) : lattice_(lattice) {
  EXPECT(lattice.border >= 4);  // a sample half a pixel outside still fits
  EXPECT(lattice.oversample <= 8);
  for (int level = 0; level < tabulated_levels; ++level) {
    const int cells = 1 << level;
    auto& row = table_.emplace_back();
    for (int sub = 0; sub < cells; ++sub) {
      row.push_back(axis_weights((sub + 0.5) / cells - 0.5, 0.5 / cells));
    }
  }
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

const SplineDeposit::AxisWeights& SplineDeposit::tabulated(int level, int sub,
                                                           AxisWeights& scratch) const {
  if (level < tabulated_levels) {
    return table_[static_cast<std::size_t>(level)][static_cast<std::size_t>(sub)];
  }
  const double cells = static_cast<double>(1 << level);
  scratch = axis_weights((sub + 0.5) / cells - 0.5, 0.5 / cells);
  return scratch;
}

void SplineDeposit::add_cell(const Cell& cell,
                             const std::array<double, samples_per_cell>& flux,
                             ImageView<double> plane) const {
  AxisWeights scratch_x;
  AxisWeights scratch_y;
  const AxisWeights& ax = tabulated(cell.level, cell.sub_x, scratch_x);
  const AxisWeights& ay = tabulated(cell.level, cell.sub_y, scratch_y);
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
