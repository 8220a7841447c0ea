#pragma once

#include <cmath>
#include <numbers>

namespace lensmill {

/// Magnitude of one nanomaggy (AB), the Legacy Surveys' flux unit.
inline constexpr double nanomaggy_zero_point_mag = 22.5;

/// Flux in nmgy of an AB magnitude.
inline double nmgy_from_mag(double mag) {
  return std::pow(10.0, 0.4 * (nanomaggy_zero_point_mag - mag));
}
/// AB magnitude of a flux in nmgy; NaN for a flux <= 0.
inline double mag_from_nmgy(double flux_nmgy) {
  return flux_nmgy > 0.0 ? nanomaggy_zero_point_mag - 2.5 * std::log10(flux_nmgy)
                         : std::nan("");
}
/// nmgy per image unit, for an image whose magnitude zero point is `zero_point_mag`.
inline double nmgy_per_unit(double zero_point_mag) {
  return nmgy_from_mag(zero_point_mag);
}
/// Full width at half maximum of a Gaussian over its sigma, 2 sqrt(2 ln 2).
inline constexpr double fwhm_per_sigma = 2.3548200450309493;
inline constexpr double rad_from_deg(double deg) {
  return deg * (std::numbers::pi / 180.0);
}

}  // namespace lensmill
