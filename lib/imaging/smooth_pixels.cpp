#include "lib/imaging/smooth_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/multiversion.hpp"

namespace lensmill::imaging {
namespace {

constexpr double lens_distance_pix = 2.5;  // inside, the lens map is not smooth
constexpr double cusp_footprints = 2.5;    // inside, the source's profile is not

}  // namespace

void CentreGrid::shoot(const PixelGrid& grid, int margin_pix,
                       const LensedSource& object) {
  margin_ = margin_pix;
  side_ = grid.stamp_size_pix + 2 * margin_pix;
  const std::size_t n = stride();
  rays_.resize(n * n);
  const auto x = rays_.x();
  const auto y = rays_.y();
  const int first = -margin_ - 1;
  for (std::size_t j = 0; j < n; ++j) {
    const double y_arcsec =
        grid.arcsec_from_pix(first + static_cast<int>(j)) - object.lens_y_arcsec;
    for (std::size_t i = 0; i < n; ++i) {
      x[j * n + i] =
          grid.arcsec_from_pix(first + static_cast<int>(i)) - object.lens_x_arcsec;
      y[j * n + i] = y_arcsec;
    }
  }
  rays_.shoot(object);
}

namespace {

/// One row of centres: pointers to its first pixel's.
struct RowPointers {
  const double* brightness;
  const double* determinant;
  const double* source_x;
  const double* source_y;
};

/// The tests of one row; a test that does not apply has a limit that nothing passes.
struct RowLimits {
  light::RoundMetric metric;
  double variation;                        ///< 1/arcsec^2
  double cusp_footprints2;                 ///< times the squared footprint, plus
  double cusp_radius2;                     ///< this: how near the cusp may be, squared
  double lens_x, lens_y2, lens_distance2;  ///< pixels; y2: squared offset of the row
  double core_x, core_y2, core_distance2;
};

// The metric is written out: inlined members keep GCC 12 from vectorising the clones.

/// Compare a row's centres with one neighbour each, `step` centres on: largest
/// |difference| of brightness, largest squared distance in the source's metric, most
/// negative product of determinants.
LENSMILL_MULTIVERSION void compare_with_neighbour(const RowPointers& at,
                                                  const light::RoundMetric& metric,
                                                  std::ptrdiff_t step, std::size_t n,
                                                  double* __restrict largest_step,
                                                  double* __restrict footprint,
                                                  double* __restrict crossing) {
  const double* b = at.brightness;
  const double* d = at.determinant;
  const double* x = at.source_x;
  const double* y = at.source_y;
  const double xx = metric.xx;
  const double xy2 = 2.0 * metric.xy;
  const double yy = metric.yy;
  for (std::size_t k = 0; k < n; ++k) {
    const double change = std::abs(b[k + std::size_t(step)] - b[k]);
    const double dx = x[k + std::size_t(step)] - x[k];
    const double dy = y[k + std::size_t(step)] - y[k];
    const double square = xx * dx * dx + (xy2 * dx + yy * dy) * dy;
    const double product = d[k + std::size_t(step)] * d[k];
    largest_step[k] = change > largest_step[k] ? change : largest_step[k];
    footprint[k] = square > footprint[k] ? square : footprint[k];
    crossing[k] = product < crossing[k] ? product : crossing[k];
  }
}

/// rough[k] = 1 where a test says so, else 0.
LENSMILL_MULTIVERSION void test_row(const RowPointers& at, const RowLimits& limits,
                                    const RoughnessWorkspace& row, std::size_t n,
                                    double* __restrict rough) {
  const double xx = limits.metric.xx;
  const double xy2 = 2.0 * limits.metric.xy;
  const double yy = limits.metric.yy;
  const double* x = at.source_x;
  const double* y = at.source_y;
  const double* column = row.column.data();
  const double* step = row.step.data();
  const double* footprint = row.footprint.data();
  const double* crossing = row.crossing.data();
  for (std::size_t k = 0; k < n; ++k) {
    const double cusp2 = xx * x[k] * x[k] + (xy2 * x[k] + yy * y[k]) * y[k];
    const double cusp_reach2 =
        limits.cusp_footprints2 * footprint[k] + limits.cusp_radius2;
    const double lens_x = column[k] - limits.lens_x;
    const double core_x = column[k] - limits.core_x;
    const bool is_rough = (step[k] > limits.variation) | (crossing[k] < 0.0) |
                          (cusp2 < cusp_reach2) |
                          (lens_x * lens_x + limits.lens_y2 < limits.lens_distance2) |
                          (core_x * core_x + limits.core_y2 < limits.core_distance2);
    rough[k] = is_rough ? 1.0 : 0.0;
  }
}

/// The brightest pixel's mean, from its centre; where the cusp is near, at most what
/// the source can bring into a pixel of that footprint, since one centre that hits the
/// cusp is no measure of a pixel.
double peak_brightness(const CentreGrid& centres, const light::Brightness& source) {
  const auto& rays = centres.rays();
  const light::RoundMetric metric = source.round_metric();
  const bool has_cusp = source.cusp_radius_arcsec() >= 0.0;
  const auto x = rays.source_x();
  const auto y = rays.source_y();
  const std::size_t up = centres.stride();
  const int first = -centres.margin();
  const int last = centres.side() + first;
  double peak = 0.0;
  for (int row = first; row < last; ++row) {
    for (int column = first; column < last; ++column) {
      const std::size_t k = centres.index(row, column);
      double brightness = rays.brightness()[k];
      if (brightness <= peak) continue;
      const double ax = x[k + 1] - x[k], ay = y[k + 1] - y[k];
      const double bx = x[k + up] - x[k], by = y[k + up] - y[k];
      const double reach2 = 0.25 * std::max(metric.squared(ax + bx, ay + by),
                                            metric.squared(ax - bx, ay - by));
      // Farther out than it reaches, a pixel's centre is fainter than that bound.
      if (has_cusp && metric.squared(x[k], y[k]) < reach2) {
        const double within =
            source.flux_within(std::sqrt(reach2)) / (std::numbers::pi * reach2);
        brightness = std::min(brightness, within);
      }
      peak = std::max(peak, brightness);
    }
  }
  return peak;
}

}  // namespace

void mark_rough_pixels(const CentreGrid& centres, const RoughnessLimits& limits,
                       RoughnessWorkspace& workspace,
                       std::vector<std::uint8_t>& rough) {
  const int side = centres.side();
  const int margin = centres.margin();
  const auto width = static_cast<std::size_t>(side);
  const auto& rays = centres.rays();
  const double cusp_radius = limits.source->cusp_radius_arcsec();
  const bool has_cusp = cusp_radius >= 0.0;
  const auto square = [](double value) { return value * value; };
  // (a + b)^2 <= 2 a^2 + 2 b^2: no root in the loop.
  const double spread = cusp_radius > 0.0 ? 2.0 : 1.0;
  RowLimits row_limits{
      .metric = limits.source->round_metric(),
      .variation = limits.variation * peak_brightness(centres, *limits.source),
      .cusp_footprints2 = has_cusp ? spread * square(cusp_footprints) : 0.0,
      .cusp_radius2 = has_cusp ? spread * square(cusp_radius) : 0.0,
      .lens_x = limits.lens_x_pix,
      .lens_y2 = 0.0,
      .lens_distance2 = limits.singular_lens ? square(lens_distance_pix) : 0.0,
      .core_x = limits.core_x_pix,
      .core_y2 = 0.0,
      .core_distance2 = square(limits.core_radius_pix + 1.0)};
  workspace.column.resize(width);
  workspace.rough.resize(width);
  for (std::size_t k = 0; k < width; ++k) {
    workspace.column[k] = static_cast<double>(static_cast<int>(k) - margin);
  }
  const auto n = static_cast<std::ptrdiff_t>(centres.stride());
  const std::ptrdiff_t neighbour[8] = {-n - 1, -n, -n + 1, -1, 1, n - 1, n, n + 1};
  rough.resize(width * width);
  for (int row = -margin; row < side - margin; ++row) {
    row_limits.lens_y2 = square(row - limits.lens_y_pix);
    row_limits.core_y2 = square(row - limits.core_y_pix);
    const std::size_t first = centres.index(row, -margin);
    const RowPointers at{
        rays.brightness().data() + first, rays.determinant().data() + first,
        rays.source_x().data() + first, rays.source_y().data() + first};
    for (auto* part : {&workspace.step, &workspace.footprint, &workspace.crossing}) {
      part->assign(width, 0.0);
    }
    for (const auto step : neighbour) {
      compare_with_neighbour(at, row_limits.metric, step, width, workspace.step.data(),
                             workspace.footprint.data(), workspace.crossing.data());
    }
    test_row(at, row_limits, workspace, width, workspace.rough.data());
    std::uint8_t* out = rough.data() + std::size_t(row + margin) * width;
    for (std::size_t k = 0; k < width; ++k) out[k] = workspace.rough[k] > 0.0 ? 1 : 0;
  }
}

}  // namespace lensmill::imaging
