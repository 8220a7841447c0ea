#include "lib/imaging/smooth_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/lanes.hpp"
#include "lib/imaging/pixel_class_kernel.hpp"
#include "lib/imaging/render_accuracy.hpp"

namespace lensmill::imaging {
void CentreGrid::shoot(const PixelGrid& grid, int margin_pix,
                       const LensedSource& object) {
  margin_ = margin_pix;
  side_ = grid.stamp_size_pix + 2 * margin_pix;
  const std::size_t n = stride();
  rays_.resize(n * n);
  const auto x = rays_.x();
  const auto y = rays_.y();
  const int first = -margin_ - 1;
  const auto row_x = x.first(n);
  for (std::size_t i = 0; i < n; ++i) {
    row_x[i] = grid.arcsec_from_pix(first + static_cast<int>(i)) - object.lens_x_arcsec;
  }
  for (std::size_t j = 0; j < n; ++j) {
    const double y_arcsec =
        grid.arcsec_from_pix(first + static_cast<int>(j)) - object.lens_y_arcsec;
    if (j > 0) std::ranges::copy(row_x, x.subspan(j * n, n).begin());
    std::ranges::fill(y.subspan(j * n, n), y_arcsec);
  }
  rays_.shoot(object);
  const auto width = static_cast<std::size_t>(side_);
  row_peaks_.resize(width);
  for (std::size_t j = 0; j < width; ++j) {
    row_peaks_[j] = lane_max(rays_.brightness().subspan(
        index(static_cast<int>(j) - margin_, -margin_), width));
  }
}

namespace {

/// The brightest pixel's mean within [first, last)^2, from its centre; where the cusp
/// is near, at most what the source can bring into a pixel of that footprint, since one
/// centre that hits the cusp is no measure of a pixel.
double peak_within(const CentreGrid& centres, const light::Brightness& source,
                   int first, int last) {
  const auto& rays = centres.rays();
  const light::RoundMetric metric = source.round_metric();
  const bool has_cusp = source.cusp_radius_arcsec() >= 0.0;
  const auto x = rays.source_x();
  const auto y = rays.source_y();
  const std::size_t up = centres.stride();
  double peak = 0.0;
  const auto scan = [&](int row) {
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
  };
  const auto brightest =
      centres.row_peaks().subspan(static_cast<std::size_t>(first + centres.margin()),
                                  static_cast<std::size_t>(last - first));
  // The brightest row first: few others are brighter than what it leaves.
  const auto top = std::ranges::max_element(brightest) - brightest.begin();
  scan(first + static_cast<int>(top));
  for (int row = first; row < last; ++row) {
    if (brightest[static_cast<std::size_t>(row - first)] > peak) scan(row);
  }
  return peak;
}

/// What roughness is measured by: the stamp's brightest pixel, within reason.
double peak_brightness(const CentreGrid& centres, const light::Brightness& source) {
  const int margin = centres.margin();
  const int stamp = centres.side() - 2 * margin;
  const double all = peak_within(centres, source, -margin, stamp + margin);
  if (margin == 0) return all;
  return std::max(peak_within(centres, source, 0, stamp),
                  render_accuracy.least_stamp_peak * all);
}

}  // namespace

void classify_pixels(const CentreGrid& centres, const RoughnessLimits& limits,
                     std::vector<PixelClass>& classes) {
  const int side = centres.side();
  const int margin = centres.margin();
  const auto width = static_cast<std::size_t>(side);
  const auto& rays = centres.rays();
  const double cusp_radius = limits.source->cusp_radius_arcsec();
  const bool has_cusp = cusp_radius >= 0.0;
  const auto square = [](double value) { return value * value; };
  // (a + b)^2 <= 2 a^2 + 2 b^2: no root in the loop.
  const double spread = cusp_radius > 0.0 ? 2.0 : 1.0;
  const double peak = peak_brightness(centres, *limits.source);
  detail::RowLimits row_limits{
      .metric = limits.source->round_metric(),
      .variation = limits.variation * peak,
      .dark = render_accuracy.dark_share * peak,
      .cusp_footprints2 =
          has_cusp ? spread * square(render_accuracy.cusp_footprints) : 0.0,
      .cusp_radius2 = has_cusp ? spread * square(cusp_radius) : 0.0,
      .lens_x = limits.lens_x_pix,
      .lens_y2 = 0.0,
      .lens_distance2 =
          limits.singular_lens ? square(render_accuracy.lens_distance_pix) : 0.0,
      .core_x = limits.core_x_pix,
      .core_y2 = 0.0,
      .core_distance2 = square(limits.core_radius_pix + 1.0)};
  classes.resize(width * width + RaySamples::padding);
  // Upwards: a row's last vector reaches into the next one.
  for (int row = -margin; row < side - margin; ++row) {
    row_limits.lens_y2 = square(row - limits.lens_y_pix);
    row_limits.core_y2 = square(row - limits.core_y_pix);
    const std::size_t first = centres.index(row, -margin);
    detail::classify_row({.brightness = rays.brightness().data() + first,
                          .determinant = rays.determinant().data() + first,
                          .trace = rays.trace().data() + first,
                          .source_x_arcsec = rays.source_x().data() + first,
                          .source_y_arcsec = rays.source_y().data() + first,
                          .stride = static_cast<std::ptrdiff_t>(centres.stride()),
                          .pixels = width,
                          .first_column = -margin},
                         row_limits,
                         classes.data() + std::size_t(row + margin) * width);
  }
}

}  // namespace lensmill::imaging
