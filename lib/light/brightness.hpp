#pragma once

#include <span>

namespace lensmill::light {

/// A source's surface brightness for unit total flux, in 1/arcsec^2, in the source
/// plane. Coordinates are arcsec from the source's own centre. Virtual per batch, never
/// per pixel.
class Brightness {
 public:
  virtual ~Brightness() = default;
  virtual void evaluate(std::span<const double> x_arcsec,
                        std::span<const double> y_arcsec,
                        std::span<double> brightness) const = 0;
  /// Radius around the source's centre inside which the profile is not smooth (a cusp),
  /// in arcsec; 0 for a point-like cusp at the centre (Sersic), negative for none.
  virtual double cusp_radius_arcsec() const = 0;
  /// Bound on the flux inside a disc of radius r about the centre (unit total flux).
  virtual double flux_within(double radius_arcsec) const = 0;
};

}  // namespace lensmill::light
