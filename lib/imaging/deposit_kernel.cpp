#include "lib/imaging/deposit_kernel.hpp"

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/imaging/deposit_kernel.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill::imaging::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void add_square_here(const double* wx, const double* wy, const double* flux,
                     std::size_t stride, double* out) {
  constexpr std::size_t window = deposit_window;
  const hn::CappedTag<double, window> d;
  using V = hn::Vec<decltype(d)>;
  for (std::size_t b = 0; b < window; b += hn::Lanes(d)) {
    const V x0 = hn::LoadU(d, wx + b);
    const V x1 = hn::LoadU(d, wx + window + b);
    const V x2 = hn::LoadU(d, wx + 2 * window + b);
    const auto along_x = [&](const double* f) {
      const V last = hn::Mul(hn::Set(d, f[2]), x2);
      return hn::MulAdd(hn::Set(d, f[0]), x0, hn::MulAdd(hn::Set(d, f[1]), x1, last));
    };
    const V row0 = along_x(flux);
    const V row1 = along_x(flux + 3);
    const V row2 = along_x(flux + 6);
    for (std::size_t a = 0; a < window; ++a) {
      double* line = out + a * stride + b;
      const V last =
          hn::MulAdd(hn::Set(d, wy[2 * window + a]), row2, hn::LoadU(d, line));
      const V two = hn::MulAdd(hn::Set(d, wy[window + a]), row1, last);
      hn::StoreU(hn::MulAdd(hn::Set(d, wy[a]), row0, two), d, line);
    }
  }
}

void filter_x_here(const QuadraticRow& row, const DepositTap* taps,
                   std::size_t tap_count, std::size_t count, double* rows0,
                   double* rows1, double* rows2) {
  const hn::ScalableTag<double> d;
  using V = hn::Vec<decltype(d)>;
  for (std::size_t k = 0; k < count; k += hn::Lanes(d)) {
    V sum0 = hn::Zero(d);
    V sum1 = hn::Zero(d);
    V sum2 = hn::Zero(d);
    for (std::size_t t = 0; t < tap_count; ++t) {
      const auto at = static_cast<std::ptrdiff_t>(k) - static_cast<std::ptrdiff_t>(t);
      const V m0 = hn::Set(d, taps[t].m0);
      const V m1 = hn::Set(d, taps[t].m1);
      sum0 = hn::MulAdd(m0, hn::LoadU(d, row.value + at), sum0);
      sum0 = hn::MulAdd(m1, hn::LoadU(d, row.x + at), sum0);
      sum0 = hn::MulAdd(hn::Set(d, taps[t].half_m2), hn::LoadU(d, row.xx + at), sum0);
      sum1 = hn::MulAdd(m0, hn::LoadU(d, row.y + at), sum1);
      sum1 = hn::MulAdd(m1, hn::LoadU(d, row.xy + at), sum1);
      sum2 = hn::MulAdd(m0, hn::LoadU(d, row.yy + at), sum2);
    }
    hn::StoreU(sum0, d, rows0 + k);
    hn::StoreU(sum1, d, rows1 + k);
    hn::StoreU(sum2, d, rows2 + k);
  }
}

template <class D>
HWY_INLINE void filter_y_at(D d, const double* rows0, const double* rows1,
                            const double* rows2, std::size_t k, const DepositTap* taps,
                            std::size_t tap_count, double* first_line,
                            std::size_t stride) {
  using V = hn::Vec<D>;
  const V field0 = hn::LoadU(d, rows0 + k);
  const V field1 = hn::LoadU(d, rows1 + k);
  const V field2 = hn::LoadU(d, rows2 + k);
  for (std::size_t t = 0; t < tap_count; ++t) {
    double* line = first_line + t * stride + k;
    V sum = hn::LoadU(d, line);
    sum = hn::MulAdd(hn::Set(d, taps[t].half_m2), field2, sum);
    sum = hn::MulAdd(hn::Set(d, taps[t].m1), field1, sum);
    hn::StoreU(hn::MulAdd(hn::Set(d, taps[t].m0), field0, sum), d, line);
  }
}

void filter_y_here(const double* rows0, const double* rows1, const double* rows2,
                   std::size_t count, const DepositTap* taps, std::size_t tap_count,
                   double* first_line, std::size_t stride) {
  const hn::ScalableTag<double> d;
  std::size_t k = 0;
  for (; k + hn::Lanes(d) <= count; k += hn::Lanes(d)) {
    filter_y_at(d, rows0, rows1, rows2, k, taps, tap_count, first_line, stride);
  }
  // Lattice rows have no room for a vector past their end.
  const hn::CappedTag<double, 1> one;
  for (; k < count; ++k) {
    filter_y_at(one, rows0, rows1, rows2, k, taps, tap_count, first_line, stride);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::imaging::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::imaging::detail {

HWY_EXPORT(add_square_here);
HWY_EXPORT(filter_x_here);
HWY_EXPORT(filter_y_here);

void add_square(const double* wx, const double* wy, const double* flux,
                std::size_t stride, double* out) {
  HWY_DYNAMIC_DISPATCH(add_square_here)(wx, wy, flux, stride, out);
}

void filter_x(const QuadraticRow& row, const DepositTap* taps, std::size_t tap_count,
              std::size_t count, double* rows0, double* rows1, double* rows2) {
  HWY_DYNAMIC_DISPATCH(filter_x_here)
  (row, taps, tap_count, count, rows0, rows1, rows2);
}

void filter_y(const double* rows0, const double* rows1, const double* rows2,
              std::size_t count, const DepositTap* taps, std::size_t tap_count,
              double* first_line, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(filter_y_here)
  (rows0, rows1, rows2, count, taps, tap_count, first_line, stride);
}

}  // namespace lensmill::imaging::detail
#endif
