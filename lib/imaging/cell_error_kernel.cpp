#include "lib/imaging/cell_error_kernel.hpp"

#include <cmath>
#include <limits>

#include "lib/imaging/cell.hpp"
#include "lib/imaging/render_accuracy.hpp"

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/imaging/cell_error_kernel.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill::imaging::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr double exponential_error = 3.2e-5;  // 2^7 3!^4 / (7 6!^3) / 2
// Keeps the footprint of a degenerate map (all rays on one point) above zero, arcsec.
constexpr double least_footprint = 1.0e-12;
// Ranges beyond this are no exponentials that nine samples describe.
constexpr double least_over_highest = 1.0e-12;

template <class D, class V = hn::Vec<D>>
HWY_INLINE V metric_squared(D d, const light::RoundMetric& m, V x, V y) {
  const V cross = hn::MulAdd(hn::Set(d, 2.0 * m.xy), x, hn::Mul(hn::Set(d, m.yy), y));
  return hn::MulAdd(hn::Mul(hn::Set(d, m.xx), x), x, hn::Mul(cross, y));
}

// rho^-6, scaled so that it joins share_inside at render_accuracy.reach_of_inside.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V singular_share(D d, V distance) {
  const double join =
      render_accuracy.reach_of_inside +
      std::sqrt(render_accuracy.reach_of_inside * render_accuracy.reach_of_inside -
                1.0);
  const V one = hn::Set(d, 1.0);
  const V far = hn::Max(distance, hn::Set(d, render_accuracy.reach_of_inside));
  const V rho = hn::Add(far, hn::Sqrt(hn::MulSub(far, far, one)));
  const V ratio = hn::Div(hn::Set(d, join), rho);
  const V cubed = hn::Mul(hn::Mul(ratio, ratio), ratio);
  return hn::Mul(hn::Set(d, render_accuracy.share_inside), hn::Mul(cubed, cubed));
}

template <class D>
HWY_INLINE void one_vector(D d, const CellSampleArrays& s, const double* lens_distance,
                           const light::RoundMetric& metric, double cusp_radius_arcsec,
                           std::size_t at, const CellColumns& out) {
  using V = hn::Vec<D>;
  const std::size_t n = s.cells;
  const auto sample = [&](const double* node0, std::size_t k) {
    return hn::LoadU(d, node0 + k * n + at);
  };
  const V x4 = sample(s.source_x_arcsec, 4);
  const V y4 = sample(s.source_y_arcsec, 4);
  V low = sample(s.brightness, 4);
  V high = low;
  V mean = hn::Mul(hn::Set(d, 0.25 * gauss_weight[1] * gauss_weight[1]), low);
  V low_d = sample(s.determinant, 4);
  V high_d = low_d;
  V mean_d =
      hn::Mul(hn::Set(d, 0.25 * gauss_weight[1] * gauss_weight[1]), hn::Abs(low_d));
  V far = hn::Zero(d);
  V det[samples_per_cell];
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    if (k == 4) continue;
    const V b = sample(s.brightness, k);
    mean = hn::MulAdd(hn::Set(d, 0.25 * gauss_weight[k / 3] * gauss_weight[k % 3]), b,
                      mean);
    low = hn::Min(low, b);
    high = hn::Max(high, b);
    const V dx = hn::Sub(sample(s.source_x_arcsec, k), x4);
    const V dy = hn::Sub(sample(s.source_y_arcsec, k), y4);
    far = hn::Max(far, metric_squared(d, metric, dx, dy));
    det[k] = sample(s.determinant, k);
    low_d = hn::Min(low_d, det[k]);
    high_d = hn::Max(high_d, det[k]);
    mean_d = hn::MulAdd(hn::Set(d, 0.25 * gauss_weight[k / 3] * gauss_weight[k % 3]),
                        hn::Abs(det[k]), mean_d);
  }
  const V footprint =
      hn::MulAdd(hn::Set(d, node_to_edge), hn::Sqrt(far), hn::Set(d, least_footprint));
  const V range = hn::Sub(high, low);
  V error = hn::Mul(singular_share(d, hn::LoadU(d, lens_distance + at)), range);

  const V floor = hn::Max(hn::Max(low, hn::Mul(hn::Set(d, least_over_highest), high)),
                          hn::Set(d, std::numeric_limits<double>::min()));
  const V log = hn::Log(d, hn::Div(hn::Max(high, floor), floor));
  const V u = hn::Mul(hn::Set(d, 0.5 * node_to_edge), log);
  const V u3 = hn::Mul(hn::Mul(u, u), u);
  const V by_log =
      hn::Mul(hn::Mul(hn::Set(d, exponential_error), mean), hn::Mul(u3, u3));
  const V exponential =
      hn::Min(by_log, hn::Mul(hn::Set(d, render_accuracy.share_inside), range));
  error = hn::Add(error, exponential);

  // Whether det A changes sign among the samples or, going on linearly from them,
  // before the cell's corners.
  const V steps =
      hn::Add(hn::Abs(hn::Sub(det[5], det[3])), hn::Abs(hn::Sub(det[7], det[1])));
  const V reach = hn::Mul(hn::Set(d, 0.5 * node_to_edge), steps);
  const V det4 = sample(s.determinant, 4);
  const V zero = hn::Zero(d);
  const auto mixed = hn::And(hn::Lt(hn::Min(low_d, hn::Sub(det4, reach)), zero),
                             hn::Ge(hn::Max(high_d, hn::Add(det4, reach)), zero));
  hn::StoreU(mean, d, out.mean + at);
  hn::StoreU(low, d, out.lowest + at);
  hn::StoreU(high, d, out.highest + at);
  hn::StoreU(footprint, d, out.footprint + at);
  hn::StoreU(error, d, out.error + at);
  hn::StoreU(hn::IfThenElseZero(mixed, hn::Set(d, 1.0)), d, out.mixed + at);
  // Of one sign: the least one; else 0. The floor is that of a degenerate map.
  const V least = hn::Max(hn::Max(low_d, hn::Neg(high_d)), hn::Set(d, least_footprint));
  hn::StoreU(
      hn::Max(least,
              hn::Mul(hn::Set(d, render_accuracy.least_of_mean_determinant), mean_d)),
      d, out.least_determinant + at);
  if (cusp_radius_arcsec < 0.0) return;
  const V from = hn::Sub(hn::Sqrt(metric_squared(d, metric, x4, y4)),
                         hn::Set(d, cusp_radius_arcsec));
  const V distance = hn::Div(hn::Max(from, zero), footprint);
  hn::StoreU(distance, d, out.cusp_distance + at);
  hn::StoreU(singular_share(d, distance), d, out.cusp_share + at);
}

void cell_columns_here(const CellSampleArrays& s, const double* lens_distance,
                       const light::RoundMetric& metric, double cusp_radius_arcsec,
                       const CellColumns& out) {
  const hn::CappedTag<double, 8> d;
  for (std::size_t at = 0; at < s.cells; at += hn::Lanes(d)) {
    one_vector(d, s, lens_distance, metric, cusp_radius_arcsec, at, out);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::imaging::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::imaging::detail {

HWY_EXPORT(cell_columns_here);

void cell_columns(const CellSampleArrays& samples, const double* lens_distance,
                  const light::RoundMetric& metric, double cusp_radius_arcsec,
                  const CellColumns& columns) {
  HWY_DYNAMIC_DISPATCH(cell_columns_here)
  (samples, lens_distance, metric, cusp_radius_arcsec, columns);
}

}  // namespace lensmill::imaging::detail
#endif
