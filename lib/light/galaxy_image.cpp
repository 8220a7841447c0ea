#include "lib/light/galaxy_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/light/galaxy_kernel.hpp"

namespace lensmill::light {
namespace {

// A spline through samples swings past them by at most about this factor between them.
constexpr double overshoot = 1.5;
// The quintic spline's coefficients (the slower of the two) decay by 0.43 a sample.
constexpr double swing_per_sample = 0.5;
// Noise and structure of neighbouring pixels are alike (resampling, the telescope's
// PSF) over about this length.
constexpr double correlation_pix = 2.0;

}  // namespace

GalaxyTemplate::GalaxyTemplate(const CleanGalaxy& galaxy, SplineDegree degree)
    : degree_(degree), shape_(measure_galaxy(galaxy.light.view())), flux_(galaxy.flux) {
  EXPECT(galaxy.usable());
  const auto& light = galaxy.light;
  for (int y = 0; y < light.ny(); ++y) {
    for (int x = 0; x < light.nx(); ++x) {
      // The bound for a distance holds a pixel's width nearer to the centre too.
      const double distance =
          std::hypot(x - shape_.centroid_x_pix, y - shape_.centroid_y_pix) + 1.5;
      const auto ring = static_cast<std::size_t>(distance);
      if (ring >= beyond_.size()) beyond_.resize(ring + 1, 0.0);
      beyond_[ring] = std::max(beyond_[ring], overshoot * std::abs(light(y, x)));
    }
  }
  for (std::size_t ring = beyond_.size() - 1; ring-- > 0;) {
    beyond_[ring] = std::max(beyond_[ring], beyond_[ring + 1]);
  }
  // Outside the light the spline swings on for a few samples.
  beyond_.resize(beyond_.size() + spline_padding, 0.0);
  for (std::size_t ring = 1; ring < beyond_.size(); ++ring) {
    beyond_[ring] = std::max(beyond_[ring], swing_per_sample * beyond_[ring - 1]);
  }
  coefficients_ = spline_coefficients(light, degree);
  structure_ = StructureMap(coefficients_, degree);
}

double GalaxyTemplate::brightest_beyond(double distance_pix) const {
  const double ring = std::max(0.0, std::floor(distance_pix));
  if (ring >= static_cast<double>(beyond_.size())) return 0.0;
  return beyond_[static_cast<std::size_t>(ring)];
}

std::size_t GalaxyTemplate::bytes() const {
  return sizeof(*this) + coefficients_.size() * sizeof(double) + structure_.bytes() +
         beyond_.size() * sizeof(double);
}

double galaxy_turn_rad(double image_phi_rad, Mirrored mirrored, double phi_rad) {
  const double image = mirrored == Mirrored::in_x ? -image_phi_rad : image_phi_rad;
  return std::remainder(phi_rad - image, 2.0 * std::numbers::pi);
}

GalaxyImage::GalaxyImage(std::shared_ptr<const GalaxyTemplate> galaxy,
                         double reff_arcsec, double phi_rad, Mirrored mirrored)
    : galaxy_(std::move(galaxy)), mirror_(mirrored == Mirrored::in_x ? -1.0 : 1.0) {
  if (!std::isfinite(reff_arcsec) || !(reff_arcsec > 0.0) || !std::isfinite(phi_rad)) {
    throw DataError(
        fmt::format("galaxy as a source: reff_arcsec must be > 0 and phi_rad finite "
                    "(got {} and {})",
                    reff_arcsec, phi_rad));
  }
  pixel_arcsec_ = reff_arcsec / galaxy_->shape().reff_pix;
  scale_ = 1.0 / (galaxy_->flux() * pixel_arcsec_ * pixel_arcsec_);
  const double turn = galaxy_turn_rad(galaxy_->shape().phi_rad, mirrored, phi_rad);
  cos_ = std::cos(turn);
  sin_ = std::sin(turn);
}

void GalaxyImage::evaluate(std::span<const double> x_arcsec,
                           std::span<const double> y_arcsec,
                           std::span<double> brightness) const {
  detail::galaxy_evaluate({.coefficients = galaxy_->coefficients(),
                           .cos_over_pix = cos_ / pixel_arcsec_,
                           .sin_over_pix = sin_ / pixel_arcsec_,
                           .mirror = mirror_,
                           .u0 = galaxy_->shape().centroid_x_pix + spline_padding,
                           .v0 = galaxy_->shape().centroid_y_pix + spline_padding,
                           .scale = scale_},
                          galaxy_->degree(), x_arcsec, y_arcsec, brightness);
}

double GalaxyImage::flux_within(double radius_arcsec) const {
  return brightest_beyond(0.0) * std::numbers::pi * radius_arcsec * radius_arcsec;
}

double GalaxyImage::brightest_beyond(double distance_arcsec) const {
  return scale_ * galaxy_->brightest_beyond(distance_arcsec / pixel_arcsec_);
}

double GalaxyImage::structure_scale_arcsec() const {
  return correlation_pix * pixel_arcsec_;
}

double GalaxyImage::structure_error(double x_arcsec, double y_arcsec,
                                    double reach_arcsec) const {
  const double x = mirror_ * (cos_ * x_arcsec + sin_ * y_arcsec) / pixel_arcsec_;
  const double y = (cos_ * y_arcsec - sin_ * x_arcsec) / pixel_arcsec_;
  return scale_ * galaxy_->structure().error(x + galaxy_->shape().centroid_x_pix,
                                             y + galaxy_->shape().centroid_y_pix,
                                             reach_arcsec / pixel_arcsec_);
}

}  // namespace lensmill::light
