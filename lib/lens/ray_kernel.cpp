#include "lib/lens/ray_kernel.hpp"

#include <algorithm>
#include <cstddef>

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/lens/ray_kernel.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill::lens::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The slope is a type, not a branch per vector: gamma = 2 needs a square root only.
enum class Slope { isothermal, general };

template <class V>
struct Rays {
  V beta_x, beta_y, determinant, trace;
};

template <Slope slope, class D, class V = hn::Vec<D>>
HWY_INLINE Rays<V> shoot(D d, const RayKernelConstants& k, V x, V y) {
  const auto constant = [d](double value) { return hn::Set(d, value); };
  const V cos_phi = constant(k.cos_phi);
  const V sin_phi = constant(k.sin_phi);
  V local_x = hn::MulAdd(cos_phi, x, hn::Mul(sin_phi, y));
  V local_y = hn::NegMulAdd(sin_phi, x, hn::Mul(cos_phi, y));

  // The singular centre: no deflection, Jacobian as a hair's breadth along the axis.
  const V q = constant(k.q);
  const V tiny = constant(centre_radius_arcsec);
  const V u_given = hn::Mul(q, local_x);
  const auto at_centre = hn::Lt(hn::MulAdd(u_given, u_given, hn::Mul(local_y, local_y)),
                                hn::Mul(tiny, tiny));
  local_x = hn::IfThenElse(at_centre, tiny, local_x);
  local_y = hn::IfThenZeroElse(at_centre, local_y);

  const V u = hn::Mul(q, local_x);
  const V v = local_y;
  const V u2 = hn::Mul(u, u);
  const V v2 = hn::Mul(v, v);
  const V ell2 = hn::Add(u2, v2);
  const V r2 = hn::MulAdd(local_x, local_x, v2);
  const V inverse_both = hn::Div(constant(1.0), hn::Mul(ell2, r2));
  const V inverse_ell2 = hn::Mul(inverse_both, r2);
  const V inverse_r2 = hn::Mul(inverse_both, ell2);

  // S = sum c_n z^n at z = exp(2 i phi_ell), by Clenshaw's recurrence.
  const V z_re = hn::Mul(hn::Sub(u2, v2), inverse_ell2);
  const V uv = hn::Mul(u, v);
  const V z_im = hn::Mul(hn::Add(uv, uv), inverse_ell2);
  const V twice = hn::Add(z_re, z_re);
  V b1 = hn::Zero(d);
  V b2 = hn::Zero(d);
  for (std::size_t n = k.series.size(); n-- > 1;) {
    const V b0 = hn::MulAdd(twice, b1, hn::Sub(constant(k.series[n]), b2));
    b2 = b1;
    b1 = b0;
  }
  const V sum_re = hn::MulAdd(z_re, b1, hn::Sub(constant(k.series[0]), b2));
  const V sum_im = hn::Mul(z_im, b1);

  V power;  // R^-t
  if constexpr (slope == Slope::isothermal) {
    power = hn::Sqrt(inverse_ell2);
  } else {
    power = hn::Exp(d, hn::Mul(constant(-0.5 * k.t), hn::Log(d, ell2)));
  }
  const V scale = hn::Mul(constant(k.deflection_scale), power);
  const V alpha_x = hn::Mul(scale, hn::NegMulAdd(v, sum_im, hn::Mul(u, sum_re)));
  const V alpha_y = hn::Mul(scale, hn::MulAdd(u, sum_im, hn::Mul(v, sum_re)));
  const V kappa = hn::Mul(constant(k.convergence_scale), power);

  // Shear of the EPL: gamma = (1-t) alpha exp(i theta)/r - kappa exp(2 i theta).
  const V xy = hn::Mul(local_x, local_y);
  const V cos2 = hn::Mul(hn::MulSub(local_x, local_x, v2), inverse_r2);
  const V sin2 = hn::Mul(hn::Add(xy, xy), inverse_r2);
  V gamma_1 = hn::Neg(hn::Mul(kappa, cos2));
  V gamma_2 = hn::Neg(hn::Mul(kappa, sin2));
  // det A written without the cancelling kappa^2 terms.
  const V twice_kappa = hn::Add(kappa, kappa);
  V determinant = hn::Sub(
      constant(1.0 - k.local_g1 * k.local_g1 - k.local_g2 * k.local_g2), twice_kappa);
  if constexpr (slope == Slope::general) {
    const V w = hn::Mul(constant(1.0 - k.t), inverse_r2);
    const V radial = hn::MulAdd(alpha_x, local_x, hn::Mul(alpha_y, v));
    gamma_1 =
        hn::MulAdd(w, hn::NegMulAdd(alpha_y, v, hn::Mul(alpha_x, local_x)), gamma_1);
    gamma_2 = hn::MulAdd(w, hn::MulAdd(alpha_x, v, hn::Mul(alpha_y, local_x)), gamma_2);
    const V alpha2 = hn::MulAdd(alpha_x, alpha_x, hn::Mul(alpha_y, alpha_y));
    const V inner =
        hn::NegMulAdd(constant(1.0 - k.t), alpha2, hn::Mul(twice_kappa, radial));
    determinant = hn::MulAdd(w, inner, determinant);
  }
  determinant = hn::NegMulAdd(constant(2.0 * k.local_g1), gamma_1, determinant);
  determinant = hn::NegMulAdd(constant(2.0 * k.local_g2), gamma_2, determinant);

  const V away_x = hn::IfThenZeroElse(at_centre, alpha_x);
  const V away_y = hn::IfThenZeroElse(at_centre, alpha_y);
  const V sky_x = hn::NegMulAdd(sin_phi, away_y, hn::Mul(cos_phi, away_x));
  const V sky_y = hn::MulAdd(sin_phi, away_x, hn::Mul(cos_phi, away_y));
  const V g1 = constant(k.shear_g1);
  const V g2 = constant(k.shear_g2);
  return {
      hn::Sub(hn::NegMulAdd(g2, y, hn::NegMulAdd(g1, x, x)), sky_x),
      hn::Sub(hn::NegMulAdd(g2, x, hn::MulAdd(g1, y, y)), sky_y),
      determinant,
      hn::Sub(constant(2.0), twice_kappa),
  };
}

template <Slope slope>
void shoot_all(const RayKernelConstants& constants, const RayBatch& batch) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t count = batch.x_arcsec.size();
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto rays = shoot<slope>(d, constants, hn::LoadU(d, &batch.x_arcsec[i]),
                                   hn::LoadU(d, &batch.y_arcsec[i]));
    hn::StoreU(rays.beta_x, d, &batch.beta_x_arcsec[i]);
    hn::StoreU(rays.beta_y, d, &batch.beta_y_arcsec[i]);
    hn::StoreU(rays.determinant, d, &batch.determinant[i]);
    hn::StoreU(rays.trace, d, &batch.trace[i]);
  }
  const std::size_t rest = count - i;
  if (rest == 0) return;
  // A short tail goes through one padded vector, so that its bits are those of a full
  // one; the padding is a harmless point off the centre.
  constexpr std::size_t most = hn::MaxLanes(hn::ScalableTag<double>());
  HWY_ALIGN double x[most];
  HWY_ALIGN double y[most];
  HWY_ALIGN double out[4][most];
  std::fill(x, x + lanes, 1.0);
  std::fill(y, y + lanes, 1.0);
  std::copy_n(&batch.x_arcsec[i], rest, x);
  std::copy_n(&batch.y_arcsec[i], rest, y);
  const auto rays = shoot<slope>(d, constants, hn::Load(d, x), hn::Load(d, y));
  hn::Store(rays.beta_x, d, out[0]);
  hn::Store(rays.beta_y, d, out[1]);
  hn::Store(rays.determinant, d, out[2]);
  hn::Store(rays.trace, d, out[3]);
  std::copy_n(out[0], rest, &batch.beta_x_arcsec[i]);
  std::copy_n(out[1], rest, &batch.beta_y_arcsec[i]);
  std::copy_n(out[2], rest, &batch.determinant[i]);
  std::copy_n(out[3], rest, &batch.trace[i]);
}

void ray_shoot_here(const RayKernelConstants& constants, const RayBatch& batch) {
  if (constants.t == 1.0) {
    shoot_all<Slope::isothermal>(constants, batch);
  } else {
    shoot_all<Slope::general>(constants, batch);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::lens::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::lens::detail {

HWY_EXPORT(ray_shoot_here);

void ray_shoot(const RayKernelConstants& constants, const RayBatch& batch) {
  HWY_DYNAMIC_DISPATCH(ray_shoot_here)(constants, batch);
}

}  // namespace lensmill::lens::detail
#endif
