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

// Everything in the lens frame, m = (1 - shear) theta:
// beta = m - alpha, and det A without the kappa^2 terms that cancel,
// det A = 1 - |g|^2 - [2 kappa theta.m - (1-t) alpha.e]/r^2,
// e = 2 (kappa - 1) theta + 2 m - (1-t) alpha (for gamma = 2 the first term alone).
//
// `vectors` vectors at once: the recurrence of one waits for itself, two share the
// time.
template <Slope slope, std::size_t vectors, class D, class V = hn::Vec<D>>
HWY_INLINE void shoot(D d, const RayKernelConstants& k, const V* sky_x, const V* sky_y,
                      Rays<V>* out) {
  const auto constant = [d](double value) { return hn::Set(d, value); };
  const V cos_phi = constant(k.cos_phi);
  const V sin_phi = constant(k.sin_phi);
  // The singular centre: no division by zero, and no deflection since u = y = 0.
  const V tiny2 = constant(centre_radius_arcsec * centre_radius_arcsec);
  V x[vectors], y[vectors], u[vectors], given_ell2[vectors];
  V inverse_ell2[vectors], inverse_r2[vectors], z_re[vectors], twice[vectors];
  V b1[vectors], b2[vectors];
  for (std::size_t v = 0; v < vectors; ++v) {
    x[v] = hn::MulAdd(cos_phi, sky_x[v], hn::Mul(sin_phi, sky_y[v]));
    y[v] = hn::NegMulAdd(sin_phi, sky_x[v], hn::Mul(cos_phi, sky_y[v]));
    u[v] = hn::Mul(constant(k.q), x[v]);
    const V u2 = hn::Mul(u[v], u[v]);
    const V y2 = hn::Mul(y[v], y[v]);
    given_ell2[v] = hn::Add(u2, y2);
    const V ell2 = hn::Max(given_ell2[v], tiny2);
    const V r2 = hn::Max(hn::MulAdd(x[v], x[v], y2), tiny2);
    const V inverse_both = hn::Div(constant(1.0), hn::Mul(ell2, r2));
    inverse_ell2[v] = hn::Mul(inverse_both, r2);
    inverse_r2[v] = hn::Mul(inverse_both, ell2);
    // S = sum c_n z^n at z = exp(2 i phi_ell), by Clenshaw's recurrence.
    z_re[v] = hn::Mul(hn::Sub(u2, y2), inverse_ell2[v]);
    twice[v] = hn::Add(z_re[v], z_re[v]);
    b1[v] = hn::Zero(d);
    b2[v] = hn::Zero(d);
  }
  for (std::size_t n = k.series.size(); n-- > 1;) {
    const V coefficient = constant(k.series[n]);
    for (std::size_t v = 0; v < vectors; ++v) {
      const V b0 = hn::MulAdd(twice[v], b1[v], hn::Sub(coefficient, b2[v]));
      b2[v] = b1[v];
      b1[v] = b0;
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    const V sum_re = hn::MulAdd(z_re[v], b1[v], hn::Sub(constant(1.0), b2[v]));
    const V uy = hn::Mul(u[v], y[v]);
    const V sum_im = hn::Mul(hn::Mul(hn::Add(uy, uy), inverse_ell2[v]), b1[v]);

    V power;  // R^-t
    if constexpr (slope == Slope::isothermal) {
      power = hn::Sqrt(inverse_ell2[v]);
    } else {
      const V ell2 = hn::Max(given_ell2[v], tiny2);
      power = hn::Exp(d, hn::Mul(constant(-0.5 * k.t), hn::Log(d, ell2)));
    }
    const V scale = hn::Mul(constant(k.deflection_scale), power);
    const V alpha_x =
        hn::Mul(scale, hn::NegMulAdd(y[v], sum_im, hn::Mul(u[v], sum_re)));
    const V alpha_y = hn::Mul(scale, hn::MulAdd(u[v], sum_im, hn::Mul(y[v], sum_re)));
    const V twice_kappa = hn::Mul(constant(2.0 * k.convergence_scale), power);

    const V shear_2 = constant(k.local_g2);
    const V m_x =
        hn::NegMulAdd(shear_2, y[v], hn::Mul(constant(1.0 - k.local_g1), x[v]));
    const V m_y =
        hn::NegMulAdd(shear_2, x[v], hn::Mul(constant(1.0 + k.local_g1), y[v]));
    V drop = hn::Mul(twice_kappa, hn::MulAdd(x[v], m_x, hn::Mul(y[v], m_y)));
    if constexpr (slope == Slope::general) {
      const V w = constant(1.0 - k.t);
      const V excess = hn::Sub(twice_kappa, constant(2.0));
      const V e_x =
          hn::MulAdd(excess, x[v], hn::NegMulAdd(w, alpha_x, hn::Add(m_x, m_x)));
      const V e_y =
          hn::MulAdd(excess, y[v], hn::NegMulAdd(w, alpha_y, hn::Add(m_y, m_y)));
      drop = hn::NegMulAdd(w, hn::MulAdd(alpha_x, e_x, hn::Mul(alpha_y, e_y)), drop);
    }
    const V determinant =
        hn::NegMulAdd(drop, inverse_r2[v], constant(k.shear_determinant));
    const auto at_centre = hn::Lt(given_ell2[v], tiny2);

    const V beta_x = hn::Sub(m_x, alpha_x);
    const V beta_y = hn::Sub(m_y, alpha_y);
    out[v] = {
        hn::NegMulAdd(sin_phi, beta_y, hn::Mul(cos_phi, beta_x)),
        hn::MulAdd(sin_phi, beta_x, hn::Mul(cos_phi, beta_y)),
        hn::IfThenElse(at_centre, constant(k.centre_determinant), determinant),
        hn::Sub(constant(2.0), twice_kappa),
    };
  }
}

template <Slope slope>
void shoot_all(const RayKernelConstants& given, const RayBatch& batch) {
  // A copy of its own: stores through the batch's pointers cannot change it.
  const RayKernelConstants constants = given;
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t count = batch.x_arcsec.size();
  const auto origin_x = hn::Set(d, batch.origin_x_arcsec);
  const auto origin_y = hn::Set(d, batch.origin_y_arcsec);
  using V = hn::Vec<decltype(d)>;
  const auto shoot_from = [&]<std::size_t vectors>(std::size_t first) {
    V x[vectors], y[vectors];
    Rays<V> rays[vectors];
    for (std::size_t v = 0; v < vectors; ++v) {
      x[v] = hn::LoadU(d, &batch.x_arcsec[first + v * lanes]);
      y[v] = hn::LoadU(d, &batch.y_arcsec[first + v * lanes]);
    }
    shoot<slope, vectors>(d, constants, x, y, rays);
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = first + v * lanes;
      hn::StoreU(hn::Sub(rays[v].beta_x, origin_x), d, &batch.beta_x_arcsec[at]);
      hn::StoreU(hn::Sub(rays[v].beta_y, origin_y), d, &batch.beta_y_arcsec[at]);
      hn::StoreU(rays[v].determinant, d, &batch.determinant[at]);
      hn::StoreU(rays[v].trace, d, &batch.trace[at]);
    }
  };
  std::size_t i = 0;
  constexpr std::size_t together = 2;
  for (; i + together * lanes <= count; i += together * lanes) {
    shoot_from.template operator()<together>(i);
  }
  for (; i + lanes <= count; i += lanes) shoot_from.template operator()<1>(i);
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
  const V tail_x = hn::Load(d, x);
  const V tail_y = hn::Load(d, y);
  Rays<V> rays;
  shoot<slope, 1>(d, constants, &tail_x, &tail_y, &rays);
  hn::Store(hn::Sub(rays.beta_x, origin_x), d, out[0]);
  hn::Store(hn::Sub(rays.beta_y, origin_y), d, out[1]);
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
