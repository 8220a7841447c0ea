#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/lens/image_kind.hpp"

namespace lensmill::lens {

/// Parameters of an EPL lens with external shear, in the frame of the lens centre.
/// kappa = (3-gamma)/2 (theta_E / sqrt(q x^2 + y^2/q))^(gamma-1) in the major-axis
/// frame; gamma = 2 is the SIE, q = 1 with it the SIS; theta_e_arcsec = 0 is no lens
/// (shear still acts). Shear: alpha = (g1 x + g2 y, g2 x - g1 y).
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
/// memory, all spans have equal length, coordinates in arcsec from the lens centre. Any
/// alignment works; spans on 64-byte boundaries (AlignedVector) are up to twice as
/// fast.
struct RayBatch {
  std::span<const double> x_arcsec;  ///< image plane
  std::span<const double> y_arcsec;
  std::span<double> beta_x_arcsec;  ///< source plane, from `origin`, out
  std::span<double> beta_y_arcsec;
  std::span<double> determinant;  ///< det A, out
  std::span<double> trace;        ///< tr A, out
  double origin_x_arcsec = 0.0;   ///< the point of the source plane to count beta from
  double origin_y_arcsec = 0.0;
};

/// Everything about one ray, in one evaluation.
struct Ray {
  Vector2 beta;       ///< source position, arcsec
  Jacobian jacobian;  ///< A = d(beta)/d(theta)
  double determinant =
      1.0;             ///< det A, free of the cancellation of (1-kappa)^2 - gamma^2
  double trace = 2.0;  ///< tr A
};

/// All points rho p, rho > 0, on one half-line from the centre, in the lens frame
/// (major axis along x): since the EPL's deflection is homogeneous, beta = rho m -
/// rho^(2-gamma) a along it, and the Hessian of the EPL's potential is rho^(1-gamma)
/// times (kappa + gamma_1, gamma_2; gamma_2, kappa - gamma_1).
struct Direction {
  Vector2 p;             ///< (cos(phi)/q, sin(phi)), phi the eccentric angle
  Vector2 m;             ///< (1 - shear) p
  Vector2 a;             ///< the EPL's deflection at p
  double kappa = 0.0;    ///< convergence at p
  double gamma_1 = 0.0;  ///< the EPL's shear at p
  double gamma_2 = 0.0;
  double hessian_determinant = 0.0;  ///< kappa^2 - gamma_1^2 - gamma_2^2
};

/// EPL + external shear (Tessore & Metcalf 2015, A&A 580, A79: deflection of eqs. 22-23
/// by the angular series of eq. 29, exact for every q; q = 1 is its first term alone).
/// Units: arcsec in, arcsec out, relative to the lens centre.
///
/// The Jacobian needs no series of its own: the EPL's potential is homogeneous of
/// degree 3 - gamma in r, so its shear is gamma = (2-gamma) alpha e^(i theta)/r - kappa
/// e^(2 i theta) in complex notation (theta: polar angle).
///
/// At the singular centre nothing is NaN: the EPL's deflection is 0 there, and the
/// Jacobian is the (finite) one of a point 1e-15/q arcsec away on the major axis.
class LensModel {
 public:
  LensModel() : LensModel(LensParams{}) {}
  /// \throws DataError when a parameter is outside its range: theta_e_arcsec >= 0, q in
  /// [min_axis_ratio, 1], gamma in [1.3, 2.7], |shear| < 1, all finite.
  explicit LensModel(const LensParams& params);
  /// Become the lens of these parameters, in the memory that this one has.
  /// \throws as the constructor, and stays what it was
  void set(const LensParams& params);

  /// The series converges like ((1-q)/(1+q))^n: flatter lenses than this would need
  /// thousands of terms and are no galaxies.
  static constexpr double min_axis_ratio = 0.01;
  /// Truncation of the angular series, relative to the deflection: scalar calls.
  static constexpr double series_tolerance = 1.0e-16;
  /// The same for ray_shoot: far below what pixel integration can see.
  static constexpr double batch_series_tolerance = 1.0e-12;

  const LensParams& params() const { return params_; }

  // What lib/imaging asks of a lens: these two and ray_shoot.
  /// Whether rays near the centre are no smooth function of the position.
  bool is_singular_at_centre() const { return params_.theta_e_arcsec > 0.0; }
  /// Profiles steeper than isothermal, and the isothermal one, have none.
  CentralImages central_images() const {
    return params_.gamma < 2.0 ? CentralImages::possible : CentralImages::none;
  }

  /// alpha(theta), shear included; exactly 0 from the EPL at the singular centre.
  Vector2 deflection(double x_arcsec, double y_arcsec) const;
  Vector2 source_position(double x_arcsec, double y_arcsec) const;
  double convergence(double x_arcsec, double y_arcsec) const;
  Jacobian jacobian(double x_arcsec, double y_arcsec) const;
  Ray ray(double x_arcsec, double y_arcsec) const;
  /// What is constant along the half-line of eccentric angle phi.
  Direction direction(double cos_phi, double sin_phi) const;
  /// (1 - shear) v in the lens frame.
  Vector2 shear_map(Vector2 local) const {
    return {(1.0 - local_g1_) * local.x - local_g2_ * local.y,
            (1.0 + local_g1_) * local.y - local_g2_ * local.x};
  }
  /// 1 - |external shear|^2.
  double shear_determinant() const {
    return 1.0 - local_g1_ * local_g1_ - local_g2_ * local_g2_;
  }
  /// 2 (kappa + Re(conj(shear) gamma)) of a direction: minus the linear coefficient of
  /// det A = shear_determinant - tau T + tau^2 hessian_determinant, tau =
  /// rho^(1-gamma).
  double mixed_determinant(const Direction& d) const {
    return 2.0 * (d.kappa + local_g1_ * d.gamma_1 + local_g2_ * d.gamma_2);
  }
  /// Rotations between the sky frame and the lens frame (major axis along x).
  Vector2 lens_frame(Vector2 sky) const {
    return {cos_phi_ * sky.x + sin_phi_ * sky.y, cos_phi_ * sky.y - sin_phi_ * sky.x};
  }
  Vector2 sky_frame(Vector2 local) const {
    return {cos_phi_ * local.x - sin_phi_ * local.y,
            sin_phi_ * local.x + cos_phi_ * local.y};
  }
  /// The same as the scalar calls, vectorised (run-time dispatch, any length): agrees
  /// with them to 1e-11 of theta_E in beta. A point's bits depend neither on its place
  /// in the batch nor on the batch's length.
  void ray_shoot(const RayBatch& batch) const;

 private:
  /// One point's EPL terms in the lens frame (major axis along x).
  struct Local {
    double x = 0.0;  ///< position; a hair's breadth off the centre when at_centre
    double y = 0.0;
    double alpha_x = 0.0;
    double alpha_y = 0.0;
    double kappa = 0.0;
    bool at_centre = false;
  };
  /// S = sum c_n z^n for z on the unit circle.
  Vector2 angular_sum(double z_re, double z_im) const;
  Local local(double x_arcsec, double y_arcsec) const;
  Vector2 sky_deflection(const Local& at, double x_arcsec, double y_arcsec) const;

  LensParams params_{};
  double t_ = 1.0;  ///< gamma - 1
  double cos_phi_ = 1.0;
  double sin_phi_ = 0.0;
  double local_g1_ = 0.0;  ///< shear in the lens frame
  double local_g2_ = 0.0;
  double deflection_scale_ = 0.0;    ///< 2 b^t / (1 + q), b = theta_E sqrt(q)
  double convergence_scale_ = 0.0;   ///< (2 - t)/2 b^t
  double centre_determinant_ = 1.0;  ///< det A at the singular centre, as ray() has it
  std::vector<double> series_;       ///< c_0, c_1, ...: real, alternating, falling
  std::size_t batch_terms_ = 1;      ///< how many of them ray_shoot uses
};

}  // namespace lensmill::lens
