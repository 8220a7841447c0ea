#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/core/b_spline.hpp"
#include "lib/core/contracts.hpp"
#include "lib/light/galaxy_stamp.hpp"

namespace lensmill::light {
namespace {

constexpr int points_per_pixel = 4;  // and axis
constexpr double bin_pix = 0.02;
constexpr double flattest = 0.05;

double flux_of(ImageView<const double> light) {
  double sum = 0.0;
  for (const double value : light.pixels()) sum += value;
  return sum;
}

/// Centroid and ellipse of the second moments.
GalaxyShape moments_of(ImageView<const double> light, double flux) {
  GalaxyShape shape;
  for (int y = 0; y < light.ny(); ++y) {
    for (int x = 0; x < light.nx(); ++x) {
      shape.centroid_x_pix += x * light(y, x) / flux;
      shape.centroid_y_pix += y * light(y, x) / flux;
    }
  }
  double xx = 0.0;
  double xy = 0.0;
  double yy = 0.0;
  for (int y = 0; y < light.ny(); ++y) {
    for (int x = 0; x < light.nx(); ++x) {
      const double dx = x - shape.centroid_x_pix;
      const double dy = y - shape.centroid_y_pix;
      xx += dx * dx * light(y, x) / flux;
      xy += dx * dy * light(y, x) / flux;
      yy += dy * dy * light(y, x) / flux;
    }
  }
  const double mean = 0.5 * (xx + yy);
  const double half_range = std::hypot(0.5 * (xx - yy), xy);
  if (half_range > 0.0 && mean > half_range) {
    shape.phi_rad = 0.5 * std::atan2(2.0 * xy, xx - yy);
    shape.q = std::max(flattest, std::sqrt((mean - half_range) / (mean + half_range)));
  }
  return shape;
}

/// Flux by elliptical radius, in bins of bin_pix.
std::vector<double> flux_by_radius(ImageView<const double> light,
                                   const GalaxyShape& shape) {
  constexpr double step = 1.0 / points_per_pixel;
  constexpr double first = 0.5 * step - 0.5;
  const auto fine =
      evaluate_spline(spline_coefficients(light), {.ny = light.ny() * points_per_pixel,
                                                   .nx = light.nx() * points_per_pixel,
                                                   .first_y = first,
                                                   .first_x = first,
                                                   .step = step});
  const double cos_phi = std::cos(shape.phi_rad);
  const double sin_phi = std::sin(shape.phi_rad);
  std::vector<double> bins;
  for (int j = 0; j < fine.ny(); ++j) {
    const double dy = first + step * j - shape.centroid_y_pix;
    for (int i = 0; i < fine.nx(); ++i) {
      const double dx = first + step * i - shape.centroid_x_pix;
      const double major = cos_phi * dx + sin_phi * dy;
      const double minor = cos_phi * dy - sin_phi * dx;
      const double radius =
          std::sqrt(shape.q * major * major + minor * minor / shape.q);
      const auto bin = static_cast<std::size_t>(radius / bin_pix);
      if (bin >= bins.size()) bins.resize(bin + 1, 0.0);
      bins[bin] += step * step * fine(j, i);
    }
  }
  return bins;
}

}  // namespace

GalaxyShape measure_galaxy(ImageView<const double> light) {
  const double flux = flux_of(light);
  EXPECT(flux > 0.0);
  GalaxyShape shape = moments_of(light, flux);
  const auto bins = flux_by_radius(light, shape);
  double inside = 0.0;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) {
    if (inside + bins[bin] >= 0.5 * flux) {
      const double share = (0.5 * flux - inside) / bins[bin];
      shape.reff_pix = bin_pix * (static_cast<double>(bin) + share);
      break;
    }
    inside += bins[bin];
  }
  ENSURE(shape.reff_pix > 0.0);
  return shape;
}

}  // namespace lensmill::light
