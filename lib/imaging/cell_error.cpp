#include "lib/imaging/cell_error.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lensmill::imaging {
namespace {

// Calibrated on independently integrated images; they only trade evaluations for
// margin.
constexpr double cusp_share = 0.05;
constexpr double cusp_distance = 1.3;  // footprints: inside, the cusp rule holds
constexpr double node_to_edge = 1.0 / 0.77459666924148337704;
constexpr double exponential_error = 3.2e-5;  // 2^7 3!^4 / (7 6!^3) / 2

// rho^-6 scaled so that it joins the cusp rule at D = cusp_distance.
double singular_share(double distance) {
  if (distance <= cusp_distance) return cusp_share;
  const double join = cusp_distance + std::sqrt(cusp_distance * cusp_distance - 1.0);
  const double rho = distance + std::sqrt(distance * distance - 1.0);
  const double ratio = join / rho;
  const double cubed = ratio * ratio * ratio;
  return cusp_share * cubed * cubed;
}

// Whether det A changes sign among the samples or, going on linearly from them, before
// the cell's corners.
bool critical_curve_crosses(const CellSamples& s) {
  const auto [low, high] =
      std::minmax_element(s.determinant.begin(), s.determinant.end());
  const double reach = 0.5 * node_to_edge *
                       (std::abs(s.determinant[5] - s.determinant[3]) +
                        std::abs(s.determinant[7] - s.determinant[1]));
  return std::min(*low, s.determinant[4] - reach) < 0.0 &&
         std::max(*high, s.determinant[4] + reach) >= 0.0;
}

}  // namespace

CellEstimate estimate_cell(const CellSamples& s, const light::Brightness& source,
                           double lens_distance) {
  CellEstimate estimate;
  double lowest = s.brightness[0];
  double highest = s.brightness[0];
  double footprint_squared = 0.0;
  const light::RoundMetric metric = source.round_metric();
  for (std::size_t j = 0; j < 3; ++j) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t k = 3 * j + i;
      estimate.mean_brightness +=
          0.25 * gauss_weight[j] * gauss_weight[i] * s.brightness[k];
      lowest = std::min(lowest, s.brightness[k]);
      highest = std::max(highest, s.brightness[k]);
      const double dx = s.source_x_arcsec[k] - s.source_x_arcsec[4];
      const double dy = s.source_y_arcsec[k] - s.source_y_arcsec[4];
      footprint_squared = std::max(footprint_squared, metric.squared(dx, dy));
    }
  }
  estimate.mixed_kinds = critical_curve_crosses(s);

  const double range = highest - lowest;
  double share = std::isfinite(lens_distance) ? singular_share(lens_distance) : 0.0;
  double error = share * range;

  // The floor keeps a degenerate map (all rays on one point) finite.
  const double footprint = node_to_edge * std::sqrt(footprint_squared) + 1.0e-12;
  const double from_cusp =
      std::sqrt(metric.squared(s.source_x_arcsec[4], s.source_y_arcsec[4]));
  estimate.bounded_brightness = estimate.mean_brightness;
  const double cusp_radius = source.cusp_radius_arcsec();
  if (cusp_radius >= 0.0) {
    const double distance = std::max(from_cusp - cusp_radius, 0.0) / footprint;
    double brightest = highest;
    if (distance < cusp_distance) {
      const double within =
          source.flux_within(footprint) / (std::numbers::pi * footprint * footprint);
      brightest = std::max(brightest, within);
      estimate.bounded_brightness = std::min(estimate.mean_brightness, within);
    }
    error += singular_share(distance) * (brightest - lowest);
  }
  if (highest > 2.0 * lowest) {
    const double floor = std::max(lowest, 1.0e-12 * highest);
    const double u = 0.5 * node_to_edge * std::log(highest / floor);
    const double u3 = u * u * u;
    error += std::min(exponential_error * u3 * u3 * estimate.mean_brightness,
                      cusp_share * range);
  }
  estimate.brightness_error = error;
  return estimate;
}

}  // namespace lensmill::imaging
