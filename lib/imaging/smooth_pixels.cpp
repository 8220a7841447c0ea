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

/// What one row of pixels must know of its eight neighbours.
struct Roughness {
  std::vector<double> step;       ///< largest |difference| of brightness
  std::vector<double> footprint;  ///< largest squared distance in the source plane
  std::vector<double> crossing;   ///< most negative product of determinants
};

/// Compare a row's centres with one neighbour each. Pointers are to the row's first
/// centre and to that centre's neighbour.
struct RowPointers {
  const double* brightness;
  const double* determinant;
  const double* source_x;
  const double* source_y;
};
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
  for (std::size_t k = 0; k < n; ++k) {
    const double change = std::abs(b[k + std::size_t(step)] - b[k]);
    const double dx = x[k + std::size_t(step)] - x[k];
    const double dy = y[k + std::size_t(step)] - y[k];
    const double square = metric.squared(dx, dy);
    const double product = d[k + std::size_t(step)] * d[k];
    largest_step[k] = change > largest_step[k] ? change : largest_step[k];
    footprint[k] = square > footprint[k] ? square : footprint[k];
    crossing[k] = product < crossing[k] ? product : crossing[k];
  }
}

/// The brightest pixel's mean, from its centre; where the cusp is near, at most what
/// the source can bring into a pixel of that footprint, since one centre that hits the
/// cusp is no measure of a pixel.
double peak_brightness(const CentreGrid& centres, const light::Brightness& source) {
  const auto& rays = centres.rays();
  const light::RoundMetric metric = source.round_metric();
  const auto x = rays.source_x();
  const auto y = rays.source_y();
  const std::size_t up = centres.stride();
  const int first = -centres.margin();
  const int last = centres.side() + first;
  double peak = 0.0;
  for (int row = first; row < last; ++row) {
    for (int column = first; column < last; ++column) {
      const std::size_t k = centres.index(row, column);
      const double brightness = rays.brightness()[k];
      if (brightness <= peak) continue;
      const double ax = x[k + 1] - x[k], ay = y[k + 1] - y[k];
      const double bx = x[k + up] - x[k], by = y[k + up] - y[k];
      const double reach = 0.5 * std::sqrt(std::max(metric.squared(ax + bx, ay + by),
                                                    metric.squared(ax - bx, ay - by)));
      const double within =
          source.flux_within(reach) / (std::numbers::pi * reach * reach);
      // A degenerate map (all rays on one point) has no reach.
      peak = std::max(peak, reach > 0.0 ? std::min(brightness, within) : brightness);
    }
  }
  return peak;
}

}  // namespace

void mark_rough_pixels(const CentreGrid& centres, const RoughnessLimits& limits,
                       std::vector<std::uint8_t>& rough) {
  const int side = centres.side();
  const int margin = centres.margin();
  const auto width = static_cast<std::size_t>(side);
  const auto& rays = centres.rays();
  const light::RoundMetric metric = limits.source->round_metric();
  const double cusp_radius = limits.source->cusp_radius_arcsec();
  const auto n = static_cast<std::ptrdiff_t>(centres.stride());
  const std::ptrdiff_t neighbour[8] = {-n - 1, -n, -n + 1, -1, 1, n - 1, n, n + 1};
  const double variation = limits.variation * peak_brightness(centres, *limits.source);
  const double core = (limits.core_radius_pix + 1.0) * (limits.core_radius_pix + 1.0);

  rough.assign(width * width, 0);
  Roughness row_of;
  for (int row = -margin; row < side - margin; ++row) {
    row_of.step.assign(width, 0.0);
    row_of.footprint.assign(width, 0.0);
    row_of.crossing.assign(width, 0.0);
    const std::size_t first = centres.index(row, -margin);
    const RowPointers at{
        rays.brightness().data() + first, rays.determinant().data() + first,
        rays.source_x().data() + first, rays.source_y().data() + first};
    for (const auto step : neighbour) {
      compare_with_neighbour(at, metric, step, width, row_of.step.data(),
                             row_of.footprint.data(), row_of.crossing.data());
    }
    for (std::size_t k = 0; k < width; ++k) {
      const int column = static_cast<int>(k) - margin;
      const double from_cusp = metric.squared(at.source_x[k], at.source_y[k]);
      const double cusp_reach =
          cusp_footprints * std::sqrt(row_of.footprint[k]) + cusp_radius;
      const double lens_x = column - limits.lens_x_pix;
      const double lens_y = row - limits.lens_y_pix;
      const double core_x = column - limits.core_x_pix;
      const double core_y = row - limits.core_y_pix;
      const bool is_rough =
          row_of.step[k] > variation || row_of.crossing[k] < 0.0 ||
          (cusp_radius >= 0.0 && from_cusp < cusp_reach * cusp_reach) ||
          (limits.singular_lens &&
           lens_x * lens_x + lens_y * lens_y < lens_distance_pix * lens_distance_pix) ||
          core_x * core_x + core_y * core_y < core;
      rough[std::size_t(row + margin) * width + k] = is_rough ? 1 : 0;
    }
  }
}

}  // namespace lensmill::imaging
