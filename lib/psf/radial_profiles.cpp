#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/psf/radial_profiles.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// Highway's own headers come after foreach_target.
#include <hwy/contrib/math/math-inl.h>

#include "lib/psf/radial_profiles.hpp"

HWY_BEFORE_NAMESPACE();
namespace lensmill::psf {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

/// Apply `profile` (quadratic form -> density) to all points, whole vectors at a time;
/// the last, partial one through a buffer, so that every point meets the same
/// instructions.
template <class Profile>
HWY_INLINE void apply(const QuadraticForm& form, const double* x, const double* y,
                      double* density, size_t count, const Profile& profile) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const V xx = hn::Set(d, form.xx);
  const V xy = hn::Set(d, form.xy);
  const V yy = hn::Set(d, form.yy);
  const auto at = [&](V vx, V vy) {
    const V cross = hn::MulAdd(xy, vx, hn::Mul(yy, vy));
    return profile(d, hn::MulAdd(hn::Mul(xx, vx), vx, hn::Mul(cross, vy)));
  };
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(at(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, density + i);
  }
  if (i < count) {
    HWY_ALIGN double tail_x[HWY_MAX_BYTES / sizeof(double)] = {};
    HWY_ALIGN double tail_y[HWY_MAX_BYTES / sizeof(double)] = {};
    HWY_ALIGN double tail[HWY_MAX_BYTES / sizeof(double)] = {};
    for (size_t k = 0; i + k < count; ++k) {
      tail_x[k] = x[i + k];
      tail_y[k] = y[i + k];
    }
    hn::Store(at(hn::Load(d, tail_x), hn::Load(d, tail_y)), d, tail);
    for (size_t k = 0; i + k < count; ++k) density[i + k] = tail[k];
  }
}

void gaussian_here(const QuadraticForm& form, double peak, const double* x,
                   const double* y, double* density, size_t count) {
  apply(form, x, y, density, count, [peak](D d, V m2) HWY_ATTR {
    return hn::Mul(hn::Set(d, peak), hn::Exp(d, hn::Neg(m2)));
  });
}

void moffat_half_integer_here(const QuadraticForm& form, double peak, int twice_beta,
                              const double* x, const double* y, double* density,
                              size_t count) {
  apply(form, x, y, density, count, [peak, twice_beta](D d, V m2) HWY_ATTR {
    const V inverse = hn::Div(hn::Set(d, 1.0), hn::Add(m2, hn::Set(d, 1.0)));
    V power = hn::Set(d, peak);
    if (twice_beta % 2 == 1) power = hn::Mul(power, hn::Sqrt(inverse));
    for (int k = 0; k < twice_beta / 2; ++k) power = hn::Mul(power, inverse);
    return power;
  });
}

void moffat_here(const QuadraticForm& form, double peak, double beta, const double* x,
                 const double* y, double* density, size_t count) {
  apply(form, x, y, density, count, [peak, beta](D d, V m2) HWY_ATTR {
    const V log = hn::Log(d, hn::Add(m2, hn::Set(d, 1.0)));
    return hn::Mul(hn::Set(d, peak), hn::Exp(d, hn::Mul(hn::Set(d, -beta), log)));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::psf
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::psf {

HWY_EXPORT(gaussian_here);
HWY_EXPORT(moffat_half_integer_here);
HWY_EXPORT(moffat_here);

void gaussian_profile(const QuadraticForm& form, double peak, std::span<const double> x,
                      std::span<const double> y, std::span<double> density) {
  EXPECT(x.size() == y.size() && x.size() == density.size());
  HWY_DYNAMIC_DISPATCH(gaussian_here)
  (form, peak, x.data(), y.data(), density.data(), x.size());
}

void moffat_profile(const QuadraticForm& form, double peak, double beta,
                    std::span<const double> x, std::span<const double> y,
                    std::span<double> density) {
  EXPECT(x.size() == y.size() && x.size() == density.size());
  constexpr double most_products = 8.0;  // beyond, exp and log are no slower
  const double twice_beta = 2.0 * beta;
  if (beta <= most_products && twice_beta == std::floor(twice_beta)) {
    HWY_DYNAMIC_DISPATCH(moffat_half_integer_here)
    (form, peak, static_cast<int>(twice_beta), x.data(), y.data(), density.data(),
     x.size());
  } else {
    HWY_DYNAMIC_DISPATCH(moffat_here)
    (form, peak, beta, x.data(), y.data(), density.data(), x.size());
  }
}

}  // namespace lensmill::psf
#endif
