#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lensmill::lens {

/// Parameters of an EPL lens with external shear, in the frame of the lens centre.
/// kappa = (3-gamma)/2 (theta_E / sqrt(q x^2 + y^2/q))^(gamma-1) in the major-axis frame;
/// gamma = 2 is the SIE, q = 1 with it the SIS; theta_e_arcsec = 0 is no lens (shear
/// still acts). Shear: alpha = (g1 x + g2 y, g2 x - g1 y).
struct LensParams {
  double theta_e_arcsec = 1.0;  ///< >= 0, on the circularised (intermediate) axis
  double q = 1.0;               ///< (0, 1]
  double phi_rad = 0.0;         ///< major axis, from +x towards +y
  double gamma = 2.0;           ///< 3-D density slope, [1.3, 2.7]
  double shear_g1 = 0.0;
  double shear_g2 = 0.0;
};

struct Vector2 {
  double x = 0.0;
  double y = 0.0;
};

/// A = d(beta)/d(theta), symmetric.
struct Jacobian {
  double xx = 1.0;
  double xy = 0.0;
  double yy = 1.0;
  double determinant() const { return xx * yy - xy * xy; }
  double trace() const { return xx + yy; }
};

/// Ray shooting of many points at once, structure of arrays: the caller owns the
/// memory, all spans have equal length, coordinates in arcsec from the lens centre.
struct RayBatch {
  std::span<const double> x_arcsec;      ///< image plane
  std::span<const double> y_arcsec;
  std::span<double> beta_x_arcsec;       ///< source plane, out
  std::span<double> beta_y_arcsec;
  std::span<double> determinant;         ///< det A, out
  std::span<double> trace;               ///< tr A, out
};

/// EPL + external shear (Tessore & Metcalf 2015, A&A 580, A79: angular series for the
/// deflection, valid for all q in (0, 1] including the q -> 1 limit). Immutable.
/// Units: arcsec in, arcsec out, relative to the lens centre.
class LensModel {
 public:
  LensModel() = default;
  /// \throws DataError when a parameter is outside its range.
  explicit LensModel(const LensParams& params);

  const LensParams& params() const { return params_; }
  /// alpha(theta), shear included; exactly 0 from the EPL at the singular centre.
  Vector2 deflection(double x_arcsec, double y_arcsec) const;
  Vector2 source_position(double x_arcsec, double y_arcsec) const;
  double convergence(double x_arcsec, double y_arcsec) const;
  Jacobian jacobian(double x_arcsec, double y_arcsec) const;
  /// The same as the scalar calls, vectorised (run-time dispatch); agrees with them to
  /// the tolerance stated in the test, 1e-12 of theta_E away from the centre.
  void ray_shoot(const RayBatch& batch) const;

 private:
  LensParams params_{};
  // Derived constants; see the .cpp.
  double cos_phi_ = 1.0;
  double sin_phi_ = 0.0;
  std::vector<double> series_;  ///< coefficients of the angular series, n = 0, 1, ...
};

}  // namespace lensmill::lens
