#include "lib/lens/lens_model.hpp"

#include <fmt/format.h>

#include <cmath>
#include <span>
#include <string>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/lens/ray_kernel.hpp"

namespace lensmill::lens {
namespace {

constexpr double min_gamma = 1.3;
constexpr double max_gamma = 2.7;

void validate(const LensParams& p) {
  std::string problems;
  const auto require = [&problems](bool ok, const char* name, const char* range,
                                   double value) {
    if (ok) return;
    if (!problems.empty()) problems += "; ";
    problems += fmt::format("{}: must be {} (got {})", name, range, value);
  };
  require(std::isfinite(p.theta_e_arcsec) && p.theta_e_arcsec >= 0.0, "theta_e_arcsec",
          ">= 0", p.theta_e_arcsec);
  require(p.q >= LensModel::min_axis_ratio && p.q <= 1.0, "lens_q", "in [0.01, 1]",
          p.q);
  require(std::isfinite(p.phi_rad), "lens_phi_rad", "finite", p.phi_rad);
  require(p.gamma >= min_gamma && p.gamma <= max_gamma, "lens_gamma", "in [1.3, 2.7]",
          p.gamma);
  require(std::isfinite(p.shear_g1), "shear_g1", "finite", p.shear_g1);
  require(std::isfinite(p.shear_g2), "shear_g2", "finite", p.shear_g2);
  const double shear = std::hypot(p.shear_g1, p.shear_g2);
  require(!(shear >= 1.0), "sqrt(shear_g1^2 + shear_g2^2)", "< 1", shear);
  if (!problems.empty()) throw DataError(problems);
}

}  // namespace

LensModel::LensModel(const LensParams& params) { set(params); }

void LensModel::set(const LensParams& params) {
  validate(params);
  params_ = params;
  const double q = params.q;
  t_ = params.gamma - 1.0;
  cos_phi_ = std::cos(params.phi_rad);
  sin_phi_ = std::sin(params.phi_rad);
  const double cos_2phi = cos_phi_ * cos_phi_ - sin_phi_ * sin_phi_;
  const double sin_2phi = 2.0 * cos_phi_ * sin_phi_;
  local_g1_ = params.shear_g1 * cos_2phi + params.shear_g2 * sin_2phi;
  local_g2_ = params.shear_g2 * cos_2phi - params.shear_g1 * sin_2phi;
  const double b_to_t = std::pow(params.theta_e_arcsec * std::sqrt(q), t_);
  deflection_scale_ = 2.0 * b_to_t / (1.0 + q);
  convergence_scale_ = 0.5 * (2.0 - t_) * b_to_t;

  // c_n/c_{n-1} = -f (2n - (2-t))/(2n + (2-t)): Tessore & Metcalf (2015), eq. 29. The
  // terms fall at least as fast as f^n, so the rest after c_n is below c_n f/(1-f).
  const double f = (1.0 - q) / (1.0 + q);
  const double rest = f / (1.0 - f);
  double c = 1.0;
  series_.assign(1, c);
  batch_terms_ = 1;
  while (std::abs(c) * rest > series_tolerance) {
    if (std::abs(c) * rest > batch_series_tolerance) batch_terms_ = series_.size() + 1;
    const double twice_n = 2.0 * static_cast<double>(series_.size());
    c *= -f * (twice_n - (2.0 - t_)) / (twice_n + (2.0 - t_));
    series_.push_back(c);
  }
  centre_determinant_ = ray(0.0, 0.0).determinant;
}

Vector2 LensModel::angular_sum(double z_re, double z_im) const {
  // By Horner: stable for every q.
  double re = 0.0;
  double im = 0.0;
  for (std::size_t n = series_.size(); n-- > 0;) {
    const double next = re * z_re - im * z_im + series_[n];
    im = re * z_im + im * z_re;
    re = next;
  }
  return {re, im};
}

LensModel::Local LensModel::local(double x_arcsec, double y_arcsec) const {
  Local out;
  out.x = cos_phi_ * x_arcsec + sin_phi_ * y_arcsec;
  out.y = cos_phi_ * y_arcsec - sin_phi_ * x_arcsec;
  double u = params_.q * out.x;
  constexpr double tiny = detail::centre_radius_arcsec;
  out.at_centre = u * u + out.y * out.y < tiny * tiny;
  if (out.at_centre) {
    out.x = tiny / params_.q;
    out.y = 0.0;
    u = tiny;
  }
  const double v = out.y;
  const double ell2 = u * u + v * v;

  const auto [sum_re, sum_im] = angular_sum((u * u - v * v) / ell2, 2.0 * u * v / ell2);
  // alpha = 2b/(1+q) (b/R)^(t-1) exp(i phi_ell) S, kappa = (2-t)/2 (b/R)^t.
  const double power = t_ == 1.0 ? 1.0 / std::sqrt(ell2) : std::pow(ell2, -0.5 * t_);
  const double scale = deflection_scale_ * power;
  out.alpha_x = scale * (u * sum_re - v * sum_im);
  out.alpha_y = scale * (u * sum_im + v * sum_re);
  out.kappa = convergence_scale_ * power;
  return out;
}

Vector2 LensModel::sky_deflection(const Local& at, double x_arcsec,
                                  double y_arcsec) const {
  const double g1 = params_.shear_g1;
  const double g2 = params_.shear_g2;
  Vector2 alpha{.x = g1 * x_arcsec + g2 * y_arcsec, .y = g2 * x_arcsec - g1 * y_arcsec};
  if (!at.at_centre) {
    alpha.x += cos_phi_ * at.alpha_x - sin_phi_ * at.alpha_y;
    alpha.y += sin_phi_ * at.alpha_x + cos_phi_ * at.alpha_y;
  }
  return alpha;
}

Vector2 LensModel::deflection(double x_arcsec, double y_arcsec) const {
  return sky_deflection(local(x_arcsec, y_arcsec), x_arcsec, y_arcsec);
}

Vector2 LensModel::source_position(double x_arcsec, double y_arcsec) const {
  const Vector2 alpha = deflection(x_arcsec, y_arcsec);
  return {.x = x_arcsec - alpha.x, .y = y_arcsec - alpha.y};
}

double LensModel::convergence(double x_arcsec, double y_arcsec) const {
  return local(x_arcsec, y_arcsec).kappa;
}

Jacobian LensModel::jacobian(double x_arcsec, double y_arcsec) const {
  return ray(x_arcsec, y_arcsec).jacobian;
}

Ray LensModel::ray(double x_arcsec, double y_arcsec) const {
  const Local at = local(x_arcsec, y_arcsec);
  const double r2 = at.x * at.x + at.y * at.y;
  const double w = (1.0 - t_) / r2;
  const double gamma_1 = w * (at.alpha_x * at.x - at.alpha_y * at.y) -
                         at.kappa * (at.x * at.x - at.y * at.y) / r2;
  const double gamma_2 =
      w * (at.alpha_x * at.y + at.alpha_y * at.x) - at.kappa * 2.0 * at.x * at.y / r2;
  // (1-kappa)^2 - |gamma + g|^2 with the cancelling kappa^2 terms taken out by hand:
  // near the centre they would cost all but the first digits.
  const double alpha_dot_theta = at.alpha_x * at.x + at.alpha_y * at.y;
  const double alpha2 = at.alpha_x * at.alpha_x + at.alpha_y * at.alpha_y;
  const double own = w * (2.0 * at.kappa * alpha_dot_theta - (1.0 - t_) * alpha2);
  const double shear2 = local_g1_ * local_g1_ + local_g2_ * local_g2_;

  Ray out;
  out.determinant = 1.0 - shear2 - 2.0 * at.kappa + own -
                    2.0 * (local_g1_ * gamma_1 + local_g2_ * gamma_2);
  out.trace = 2.0 - 2.0 * at.kappa;
  const double cos_2phi = cos_phi_ * cos_phi_ - sin_phi_ * sin_phi_;
  const double sin_2phi = 2.0 * cos_phi_ * sin_phi_;
  const double sky_gamma_1 = gamma_1 * cos_2phi - gamma_2 * sin_2phi + params_.shear_g1;
  const double sky_gamma_2 = gamma_2 * cos_2phi + gamma_1 * sin_2phi + params_.shear_g2;
  out.jacobian = {.xx = 1.0 - at.kappa - sky_gamma_1,
                  .xy = -sky_gamma_2,
                  .yy = 1.0 - at.kappa + sky_gamma_1};
  const Vector2 alpha = sky_deflection(at, x_arcsec, y_arcsec);
  out.beta = {.x = x_arcsec - alpha.x, .y = y_arcsec - alpha.y};
  return out;
}

Direction LensModel::direction(double cos_phi, double sin_phi) const {
  const double c = cos_phi;
  const double s = sin_phi;
  const auto [sum_re, sum_im] = angular_sum(c * c - s * s, 2.0 * c * s);
  Direction out;
  out.p = {c / params_.q, s};
  out.m = shear_map(out.p);
  out.a = {deflection_scale_ * (c * sum_re - s * sum_im),
           deflection_scale_ * (s * sum_re + c * sum_im)};
  out.kappa = convergence_scale_;
  const double r2 = out.p.x * out.p.x + out.p.y * out.p.y;
  const double w = (1.0 - t_) / r2;
  out.gamma_1 = w * (out.a.x * out.p.x - out.a.y * out.p.y) -
                out.kappa * (out.p.x * out.p.x - out.p.y * out.p.y) / r2;
  out.gamma_2 = w * (out.a.x * out.p.y + out.a.y * out.p.x) -
                out.kappa * 2.0 * out.p.x * out.p.y / r2;
  out.hessian_determinant =
      w * (2.0 * out.kappa * (out.a.x * out.p.x + out.a.y * out.p.y) -
           (1.0 - t_) * (out.a.x * out.a.x + out.a.y * out.a.y));
  return out;
}

void LensModel::ray_shoot(const RayBatch& batch) const {
  EXPECT(batch.y_arcsec.size() == batch.x_arcsec.size());
  EXPECT(batch.beta_x_arcsec.size() == batch.x_arcsec.size());
  EXPECT(batch.beta_y_arcsec.size() == batch.x_arcsec.size());
  EXPECT(batch.determinant.size() == batch.x_arcsec.size());
  EXPECT(batch.trace.size() == batch.x_arcsec.size());
  detail::ray_shoot(
      {
          .cos_phi = cos_phi_,
          .sin_phi = sin_phi_,
          .q = params_.q,
          .t = t_,
          .deflection_scale = deflection_scale_,
          .convergence_scale = convergence_scale_,
          .local_g1 = local_g1_,
          .local_g2 = local_g2_,
          .shear_determinant = shear_determinant(),
          .centre_determinant = centre_determinant_,
          .series = std::span(series_).first(batch_terms_),
      },
      batch);
}

}  // namespace lensmill::lens
