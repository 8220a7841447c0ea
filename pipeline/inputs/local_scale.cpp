#include "pipeline/inputs/local_scale.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/units.hpp"

namespace lensmill::pipeline {

std::optional<LocalScale> local_scale(const io::fits::SkyWcs& wcs,
                                      const io::fits::FitsPixel& pixel) {
  const auto direction = [&](double dx, double dy) -> std::array<double, 3> {
    const io::fits::SkyPosition sky = wcs.sky_of({pixel.x + dx, pixel.y + dy});
    const double ra = rad_from_deg(sky.ra_deg);
    const double dec = rad_from_deg(sky.dec_deg);
    return {std::cos(dec) * std::cos(ra), std::cos(dec) * std::sin(ra), std::sin(dec)};
  };
  // The metric of one pixel's steps, by vectors: good at the poles, too.
  constexpr double half = 0.5;
  double xx = 0.0, xy = 0.0, yy = 0.0;
  const auto left = direction(-half, 0.0), right = direction(half, 0.0);
  const auto below = direction(0.0, -half), above = direction(0.0, half);
  for (std::size_t i = 0; i < 3; ++i) {
    const double x = right[i] - left[i];
    const double y = above[i] - below[i];
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const double middle = 0.5 * (xx + yy);
  const double spread = std::hypot(0.5 * (xx - yy), xy);
  const double arcsec = arcsec_per_deg / rad_from_deg(1.0);
  const double determinant = std::max(0.0, xx * yy - xy * xy);
  return LocalScale{.mean = arcsec * std::sqrt(std::sqrt(determinant)),
                    .least = arcsec * std::sqrt(std::max(0.0, middle - spread)),
                    .largest = arcsec * std::sqrt(middle + spread)};
}

}  // namespace lensmill::pipeline
