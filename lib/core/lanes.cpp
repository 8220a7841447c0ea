#include "lib/core/lanes.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/core/contracts.hpp"

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/core/lanes.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t width = 8;

// The eight lanes are as many vectors as the instruction set needs for them; products
// and sums are rounded apart (no fused multiply-add), so that all sets give the same.
using D = hn::CappedTag<double, width>;
using V = hn::Vec<D>;
constexpr std::size_t per_vector = hn::MaxLanes(D());
constexpr std::size_t vectors = width / per_vector;

HWY_INLINE V load(const double* from) { return hn::LoadU(D(), from); }
HWY_INLINE V load(const float* from) {
  const D d;
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from));
}

/// lane[k] = combine(lane[k], i) over all i = k mod 8; `n` is a multiple of 8.
template <class Combine>
HWY_INLINE void fold(std::size_t n, double* lane, Combine combine) {
  V held[vectors];
  for (std::size_t j = 0; j < vectors; ++j) held[j] = load(lane + j * per_vector);
  for (std::size_t i = 0; i < n; i += width) {
    for (std::size_t j = 0; j < vectors; ++j) {
      held[j] = combine(held[j], i + j * per_vector);
    }
  }
  for (std::size_t j = 0; j < vectors; ++j) {
    hn::StoreU(held[j], D(), lane + j * per_vector);
  }
}

template <class T>
HWY_INLINE void sum_groups(const T* v, std::size_t n, double* lane) {
  fold(n, lane, [&](V sum, std::size_t i) { return hn::Add(sum, load(v + i)); });
}
void sum_doubles(const double* v, std::size_t n, double* lane) {
  sum_groups(v, n, lane);
}
void sum_floats(const float* v, std::size_t n, double* lane) { sum_groups(v, n, lane); }

template <class T>
HWY_INLINE void dot_groups(const T* a, const double* b, std::size_t n, double* lane) {
  fold(n, lane, [&](V sum, std::size_t i) {
    return hn::Add(sum, hn::Mul(load(a + i), load(b + i)));
  });
}
void dot_doubles(const double* a, const double* b, std::size_t n, double* lane) {
  dot_groups(a, b, n, lane);
}
void dot_floats(const float* a, const double* b, std::size_t n, double* lane) {
  dot_groups(a, b, n, lane);
}

void max_of(const double* v, std::size_t n, double* lane) {
  fold(n, lane, [&](V most, std::size_t i) {
    const V value = load(v + i);
    return hn::IfThenElse(hn::Gt(value, most), value, most);
  });
}
void max_of_sizes(const double* v, std::size_t n, double* lane) {
  fold(n, lane, [&](V most, std::size_t i) {
    const V size = hn::Abs(load(v + i));
    return hn::IfThenElse(hn::Gt(size, most), size, most);
  });
}

void squares_over(const float* a, const float* b, const float* divisors, std::size_t n,
                  double* of_a, double* of_b, double* used) {
  const D d;
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0);
  const V most = hn::Set(d, static_cast<double>(std::numeric_limits<float>::max()));
  for (std::size_t j = 0; j < width; j += per_vector) {
    V sum_a = load(of_a + j);
    V sum_b = load(of_b + j);
    V count = load(used + j);
    for (std::size_t i = j; i < n; i += width) {
      const V v = load(divisors + i);
      const V s = load(a + i);
      const V t = load(b + i);
      const auto use = hn::And(hn::Gt(v, zero), hn::Le(v, most));
      const V inverse = hn::Div(one, hn::IfThenElse(use, v, one));
      sum_a = hn::Add(sum_a, hn::IfThenElseZero(use, hn::Mul(hn::Mul(s, s), inverse)));
      sum_b = hn::Add(sum_b, hn::IfThenElseZero(use, hn::Mul(hn::Mul(t, t), inverse)));
      count = hn::Add(count, hn::IfThenElseZero(use, one));
    }
    hn::StoreU(sum_a, d, of_a + j);
    hn::StoreU(sum_b, d, of_b + j);
    hn::StoreU(count, d, used + j);
  }
}

void scale_floats(float* v, std::size_t n, double factor) {
  const D d;
  const hn::Rebind<float, D> narrow;
  const V by = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + per_vector <= n; i += per_vector) {
    hn::StoreU(hn::DemoteTo(narrow, hn::Mul(by, load(v + i))), narrow, v + i);
  }
  for (; i < n; ++i) v[i] = static_cast<float>(factor * static_cast<double>(v[i]));
}

void add_doubles(const double* a, const double* b, std::size_t n, double* sum) {
  std::size_t i = 0;
  for (; i + per_vector <= n; i += per_vector) {
    hn::StoreU(hn::Add(load(a + i), load(b + i)), D(), sum + i);
  }
  for (; i < n; ++i) sum[i] = a[i] + b[i];
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill {

HWY_EXPORT(sum_doubles);
HWY_EXPORT(sum_floats);
HWY_EXPORT(dot_doubles);
HWY_EXPORT(dot_floats);
HWY_EXPORT(max_of);
HWY_EXPORT(max_of_sizes);
HWY_EXPORT(squares_over);
HWY_EXPORT(scale_floats);
HWY_EXPORT(add_doubles);

namespace {

constexpr std::size_t group = 8;
using Lanes = std::array<double, group>;

std::size_t whole_groups(std::size_t n) { return n / group * group; }

/// The last, incomplete group, padded with zeros.
template <class T>
std::array<T, group> tail_of(std::span<const T> values) {
  std::array<T, group> tail{};
  const auto rest = values.subspan(whole_groups(values.size()));
  std::copy(rest.begin(), rest.end(), tail.begin());
  return tail;
}

double total(const Lanes& lanes) {
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

double greatest(const Lanes& lanes) { return *std::ranges::max_element(lanes); }

/// Folds all of `values` into eight lanes that start at zero.
template <class T, class Fold>
Lanes folded(std::span<const T> values, Fold fold) {
  Lanes lanes{};
  fold(values.data(), whole_groups(values.size()), lanes.data());
  if (values.size() % group != 0) {
    const auto tail = tail_of(values);
    fold(tail.data(), group, lanes.data());
  }
  return lanes;
}

template <class T, class Fold>
Lanes folded(std::span<const T> a, std::span<const double> b, Fold fold) {
  EXPECT(a.size() == b.size());
  Lanes lanes{};
  fold(a.data(), b.data(), whole_groups(a.size()), lanes.data());
  if (a.size() % group != 0) {
    const auto tail_a = tail_of(a);
    const auto tail_b = tail_of(b);
    fold(tail_a.data(), tail_b.data(), group, lanes.data());
  }
  return lanes;
}

}  // namespace

double lane_sum(std::span<const double> values) {
  return total(folded(values, &HWY_DYNAMIC_DISPATCH(sum_doubles)));
}
double lane_sum(std::span<const float> values) {
  return total(folded(values, &HWY_DYNAMIC_DISPATCH(sum_floats)));
}
double lane_dot(std::span<const double> a, std::span<const double> b) {
  return total(folded(a, b, &HWY_DYNAMIC_DISPATCH(dot_doubles)));
}
double lane_dot(std::span<const float> a, std::span<const double> b) {
  return total(folded(a, b, &HWY_DYNAMIC_DISPATCH(dot_floats)));
}
double lane_max(std::span<const double> values) {
  return greatest(folded(values, &HWY_DYNAMIC_DISPATCH(max_of)));
}
double lane_max_of_sizes(std::span<const double> values) {
  return greatest(folded(values, &HWY_DYNAMIC_DISPATCH(max_of_sizes)));
}

std::array<double, 2> lane_squares_over(std::span<const float> a,
                                        std::span<const float> b,
                                        std::span<const float> divisors) {
  EXPECT(a.size() == divisors.size() && b.size() == divisors.size());
  Lanes of_a{};
  Lanes of_b{};
  Lanes used{};
  const auto fold = &HWY_DYNAMIC_DISPATCH(squares_over);
  const std::size_t whole = whole_groups(divisors.size());
  fold(a.data(), b.data(), divisors.data(), whole, of_a.data(), of_b.data(),
       used.data());
  if (whole < divisors.size()) {
    fold(tail_of(a).data(), tail_of(b).data(), tail_of(divisors).data(), group,
         of_a.data(), of_b.data(), used.data());
  }
  if (total(used) > 0.0) return {total(of_a), total(of_b)};
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  return {nan, nan};
}

void scale_values(std::span<float> values, double factor) {
  HWY_DYNAMIC_DISPATCH(scale_floats)(values.data(), values.size(), factor);
}

void add_values(std::span<const double> a, std::span<const double> b,
                std::span<double> sum) {
  EXPECT(a.size() == b.size() && a.size() == sum.size());
  HWY_DYNAMIC_DISPATCH(add_doubles)(a.data(), b.data(), a.size(), sum.data());
}

}  // namespace lensmill
#endif
