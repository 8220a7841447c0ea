#pragma once

#include <cstddef>
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

/// A point off the centre at which a profile is not smooth, in arcsec from the source's
/// own centre; round about it.
struct Cusp {
  double x_arcsec = 0.0;
  double y_arcsec = 0.0;
};

/// A source's surface brightness for unit total flux, in 1/arcsec^2, in the source
/// plane. Coordinates are arcsec from the source's own centre. Virtual per batch, never
/// per pixel.
///
/// Two kinds, which the integrator (lib/imaging) treats differently: profiles that are
/// smooth but for a cusp at the centre and perhaps further ones, whose error follows
/// from the cusps and from the range of the samples; and images, which have no cusps
/// but structure of their own everywhere, whose error they state (structure_error).
class Brightness {
 public:
  virtual ~Brightness() = default;
  virtual void evaluate(std::span<const double> x_arcsec,
                        std::span<const double> y_arcsec,
                        std::span<double> brightness) const = 0;
  /// What radii below are measured in.
  virtual RoundMetric round_metric() const = 0;
  /// Radius around the source's centre inside which the profile is not smooth (a cusp),
  /// in arcsec; 0 for a point-like cusp at the centre (Sersic), negative for none: an
  /// image.
  virtual double cusp_radius_arcsec() const = 0;
  /// Bound on the flux inside radius r about the centre (unit total flux).
  virtual double flux_within(double radius_arcsec) const = 0;
  /// Largest brightness at this distance from the source's centre and beyond.
  virtual double brightest_beyond(double distance_arcsec) const = 0;

  /// Cusps besides the one at the centre.
  virtual std::span<const Cusp> further_cusps() const { return {}; }
  /// Bound on the flux inside radius r about further cusp `k` of its own component
  /// (unit total flux of the whole source).
  virtual double flux_within_cusp(std::size_t k, double radius_arcsec) const {
    static_cast<void>(k);
    static_cast<void>(radius_arcsec);
    return 0.0;
  }

  /// Images: expected (root mean square) error of the mean brightness by a 3 x 3 Gauss
  /// rule over a cell about (x, y) no part of which is farther than `reach_arcsec`
  /// from it; 0 where that sees no light. Profiles: 0.
  virtual double structure_error(double x_arcsec, double y_arcsec,
                                 double reach_arcsec) const {
    static_cast<void>(x_arcsec);
    static_cast<void>(y_arcsec);
    static_cast<void>(reach_arcsec);
    return 0.0;
  }
  /// Images: length over which those errors are alike, arcsec.
  virtual double structure_scale_arcsec() const { return 0.0; }
};

/// Whether a source asks more of the integrator than one cusp at its centre does.
inline bool is_structured(const Brightness& source) {
  return source.cusp_radius_arcsec() < 0.0 || !source.further_cusps().empty();
}

}  // namespace lensmill::light
