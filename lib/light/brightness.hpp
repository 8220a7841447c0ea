#pragma once

#include <span>

namespace lensmill::light {

/// The distance in which a profile with elliptical isophotes is round:
/// R^2 = xx x^2 + 2 xy x y + yy y^2, of determinant 1, so that areas stay what they
/// are.
struct RoundMetric {
  double xx = 1.0;
  double xy = 0.0;
  double yy = 1.0;

  double squared(double x, double y) const {
    return xx * x * x + (2.0 * xy * x + yy * y) * y;
  }
};

/// A source's surface brightness for unit total flux, in 1/arcsec^2, in the source
/// plane. Coordinates are arcsec from the source's own centre. Virtual per batch, never
/// per pixel.
class Brightness {
 public:
  virtual ~Brightness() = default;
  virtual void evaluate(std::span<const double> x_arcsec,
                        std::span<const double> y_arcsec,
                        std::span<double> brightness) const = 0;
  /// What radii below are measured in.
  virtual RoundMetric round_metric() const = 0;
  /// Radius around the source's centre inside which the profile is not smooth (a cusp),
  /// in arcsec; 0 for a point-like cusp at the centre (Sersic), negative for none.
  virtual double cusp_radius_arcsec() const = 0;
  /// Bound on the flux inside radius r about the centre (unit total flux).
  virtual double flux_within(double radius_arcsec) const = 0;
};

}  // namespace lensmill::light
