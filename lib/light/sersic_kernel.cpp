#include "lib/light/sersic_kernel.hpp"

#include <algorithm>
#include <cstddef>

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/light/sersic_kernel.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill::light::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Indices whose power needs no logarithm are types of their own.
enum class Index { gaussian, exponential, general };

// Smallest (R/R_eff)^2 whose logarithm is taken: the brightness there is the central
// one for every n <= 8 (1e-300^(1/16) = 2e-19).
constexpr double smallest_square = 1.0e-300;

template <Index index, class D, class V = hn::Vec<D>>
HWY_INLINE V brightness_at(D d, const SersicKernelConstants& k, V x, V y) {
  const V cos_phi = hn::Set(d, k.cos_phi);
  const V sin_phi = hn::Set(d, k.sin_phi);
  const V major = hn::MulAdd(cos_phi, x, hn::Mul(sin_phi, y));
  const V minor = hn::NegMulAdd(sin_phi, x, hn::Mul(cos_phi, y));
  const V across = hn::Mul(hn::Set(d, k.minor_scale), hn::Mul(minor, minor));
  const V square = hn::MulAdd(hn::Set(d, k.major_scale), hn::Mul(major, major), across);
  V power;  // (R/R_eff)^(1/n)
  if constexpr (index == Index::gaussian) {
    power = square;
  } else if constexpr (index == Index::exponential) {
    power = hn::Sqrt(square);
  } else {
    const V safe = hn::Max(square, hn::Set(d, smallest_square));
    power = hn::Exp(d, hn::Mul(hn::Set(d, k.half_inverse_n), hn::Log(d, safe)));
  }
  return hn::Mul(hn::Set(d, k.central), hn::Exp(d, hn::Mul(hn::Set(d, -k.b), power)));
}

template <Index index>
void evaluate_all(const SersicKernelConstants& given, std::span<const double> x,
                  std::span<const double> y, std::span<double> brightness) {
  // A copy of its own: stores to `brightness` cannot change it.
  const SersicKernelConstants constants = given;
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= x.size(); i += lanes) {
    hn::StoreU(
        brightness_at<index>(d, constants, hn::LoadU(d, &x[i]), hn::LoadU(d, &y[i])), d,
        &brightness[i]);
  }
  const std::size_t rest = x.size() - i;
  if (rest == 0) return;
  // A short tail goes through one padded vector, so that its bits are those of a full
  // one.
  constexpr std::size_t most = hn::MaxLanes(hn::ScalableTag<double>());
  HWY_ALIGN double tail_x[most] = {};
  HWY_ALIGN double tail_y[most] = {};
  HWY_ALIGN double out[most];
  std::copy_n(&x[i], rest, tail_x);
  std::copy_n(&y[i], rest, tail_y);
  hn::Store(
      brightness_at<index>(d, constants, hn::Load(d, tail_x), hn::Load(d, tail_y)), d,
      out);
  std::copy_n(out, rest, &brightness[i]);
}

void sersic_here(const SersicKernelConstants& constants, std::span<const double> x,
                 std::span<const double> y, std::span<double> brightness) {
  if (constants.sersic_n == 1.0) {
    evaluate_all<Index::exponential>(constants, x, y, brightness);
  } else if (constants.sersic_n == 0.5) {
    evaluate_all<Index::gaussian>(constants, x, y, brightness);
  } else {
    evaluate_all<Index::general>(constants, x, y, brightness);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::light::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::light::detail {

HWY_EXPORT(sersic_here);

void sersic_evaluate(const SersicKernelConstants& constants,
                     std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                     std::span<double> brightness) {
  HWY_DYNAMIC_DISPATCH(sersic_here)(constants, x_arcsec, y_arcsec, brightness);
}

}  // namespace lensmill::light::detail
#endif
