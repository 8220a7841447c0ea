#include <algorithm>
#include <array>

#include "lib/imaging/spectrum_loops.hpp"

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/imaging/spectrum_sums.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill::imaging {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t most_lanes = 8;

/// The terms [begin, end) in vectors of `d`, as many as are whole; returns where it
/// stopped. Term k goes into lane k mod 8, and the lanes are added in their order, on
/// every instruction set with eight lanes of float.
template <class D>
std::size_t add_terms(D d, const float* w, const float* s, std::size_t begin,
                      std::size_t end, std::complex<double>& sum) {
  auto re = hn::Zero(d);
  auto im = hn::Zero(d);
  const std::size_t lanes = hn::Lanes(d);
  std::size_t k = begin;
  for (; k + lanes <= end; k += lanes) {
    hn::Vec<D> w_re, w_im, s_re, s_im;
    hn::LoadInterleaved2(d, w + 2 * k, w_re, w_im);
    hn::LoadInterleaved2(d, s + 2 * k, s_re, s_im);
    re = hn::MulAdd(w_im, s_im, hn::MulAdd(w_re, s_re, re));
    im = hn::NegMulAdd(w_im, s_re, hn::MulAdd(w_re, s_im, im));
  }
  std::array<float, most_lanes> of_re{};
  std::array<float, most_lanes> of_im{};
  hn::StoreU(re, d, of_re.data());
  hn::StoreU(im, d, of_im.data());
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    sum += std::complex<double>(of_re[lane], of_im[lane]);
  }
  return k;
}

void dot_conjugate_here(const float* w, const float* s, std::size_t terms, double* re,
                        double* im) {
  constexpr std::size_t block = 512;
  const hn::CappedTag<float, most_lanes> d;
  const hn::CappedTag<float, 1> one;
  std::complex<double> sum;
  std::size_t k = 0;
  while (k + hn::Lanes(d) <= terms) {
    k = add_terms(d, w, s, k, std::min(terms, k + block), sum);
  }
  add_terms(one, w, s, k, terms, sum);
  *re = sum.real();
  *im = sum.imag();
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::imaging
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::imaging {

HWY_EXPORT(dot_conjugate_here);

std::complex<double> dot_conjugate(const float* w, const float* s, std::size_t n) {
  double re = 0.0;
  double im = 0.0;
  HWY_DYNAMIC_DISPATCH(dot_conjugate_here)(w, s, n / 2, &re, &im);
  return {re, im};
}

}  // namespace lensmill::imaging
#endif
