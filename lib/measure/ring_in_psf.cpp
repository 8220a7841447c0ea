#include "lib/measure/ring_in_psf.hpp"

#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {
namespace {

constexpr double pi = std::numbers::pi;
// Directions of rays, and angles of an elliptical PSF, per quarter turn: midpoints of
// periodic functions.
constexpr int rays = 64, angles = 8;

/// Of a round PSF, `stretch` times as wide as `psf`.
double share_of(double ring, double aperture, const psf::EllipticalPsf& psf,
                double stretch) {
  const auto within = [&](double radius) { return psf.flux_within(radius / stretch); };
  double sum = 0.0;
  if (ring <= aperture) {  // the point is in the circle: every ray leaves it once
    for (int k = 0; k < 2 * rays; ++k) {
      const double psi = pi * (k + 0.5) / (2 * rays);
      const double across = ring * std::sin(psi);
      const double half_chord = std::sqrt(aperture * aperture - across * across);
      sum += within(half_chord - ring * std::cos(psi)) / (2 * rays);
    }
    return sum;
  }
  // Outside: rays within asin(aperture / ring) of the centre's direction meet the
  // circle. sin(psi) = aperture / ring sin(u) takes the ends' square roots away.
  const double ratio = aperture / ring;
  for (int k = 0; k < rays; ++k) {
    const double u = 0.5 * pi * (k + 0.5) / rays;
    const double cos_psi = std::sqrt(1.0 - std::pow(ratio * std::sin(u), 2));
    const double half_chord = aperture * std::cos(u);
    const double to_middle = ring * cos_psi;
    const double weight = ratio * std::cos(u) / cos_psi;  // d psi / d u
    sum += weight * (within(to_middle + half_chord) - within(to_middle - half_chord));
  }
  return sum * 0.5 / rays;
}

}  // namespace

double ring_in_psf_fraction(double ring_pix, double aperture_pix,
                            const psf::EllipticalPsf& psf) {
  EXPECT(ring_pix >= 0.0 && aperture_pix > 0.0);
  const double q = psf.shape().q;
  if (q == 1.0) return share_of(ring_pix, aperture_pix, psf, 1.0);
  double sum = 0.0;
  for (int k = 0; k < angles; ++k) {
    const double theta = 0.5 * pi * (k + 0.5) / angles;
    const double along = std::cos(theta), across = std::sin(theta);
    sum += share_of(ring_pix, aperture_pix, psf,
                    std::sqrt(along * along / q + q * across * across));
  }
  return sum / angles;
}

}  // namespace lensmill::measure
