#include "lib/imaging/pixel_class_kernel.hpp"

#include "lib/lens/image_kind.hpp"

// This file is compiled once per instruction set; the order of these is Highway's.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/imaging/pixel_class_kernel.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lensmill::imaging::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V = hn::Vec<D>>
HWY_INLINE V metric_squared(D d, const light::RoundMetric& m, V x, V y) {
  const V cross = hn::MulAdd(hn::Set(d, 2.0 * m.xy), x, hn::Mul(hn::Set(d, m.yy), y));
  return hn::MulAdd(hn::Mul(hn::Set(d, m.xx), x), x, hn::Mul(cross, y));
}

template <class D>
HWY_INLINE hn::Vec<D> classes_at(D d, const CentreRow& row, const RowLimits& limits,
                                 std::size_t k) {
  using V = hn::Vec<D>;
  const std::ptrdiff_t n = row.stride;
  const std::ptrdiff_t neighbours[8] = {-n - 1, -n, -n + 1, -1, 1, n - 1, n, n + 1};
  const V brightness = hn::LoadU(d, row.brightness + k);
  const V determinant = hn::LoadU(d, row.determinant + k);
  const V x = hn::LoadU(d, row.source_x_arcsec + k);
  const V y = hn::LoadU(d, row.source_y_arcsec + k);
  V step = hn::Zero(d);
  V footprint2 = hn::Zero(d);
  V crossing = hn::Zero(d);
  for (const std::ptrdiff_t to : neighbours) {
    const auto next = [&](const double* first) {
      return hn::LoadU(d, first + static_cast<std::ptrdiff_t>(k) + to);
    };
    step = hn::Max(step, hn::Abs(hn::Sub(next(row.brightness), brightness)));
    const V dx = hn::Sub(next(row.source_x_arcsec), x);
    const V dy = hn::Sub(next(row.source_y_arcsec), y);
    footprint2 = hn::Max(footprint2, metric_squared(d, limits.metric, dx, dy));
    crossing = hn::Min(crossing, hn::Mul(next(row.determinant), determinant));
  }
  const V zero = hn::Zero(d);
  const V column =
      hn::Iota(d, static_cast<double>(row.first_column) + static_cast<double>(k));
  const V lens_x = hn::Sub(column, hn::Set(d, limits.lens_x));
  const V core_x = hn::Sub(column, hn::Set(d, limits.core_x));
  const V cusp_reach2 = hn::MulAdd(hn::Set(d, limits.cusp_footprints2), footprint2,
                                   hn::Set(d, limits.cusp_radius2));
  auto rough = hn::Gt(step, hn::Set(d, limits.variation));
  // Kinds need no telling apart where there is no light: neighbours are at most this.
  const auto dark = hn::Set(d, limits.dark);
  const auto lit = hn::Gt(hn::Add(brightness, step), dark);
  rough = hn::Or(rough, hn::And(lit, hn::Lt(crossing, zero)));
  rough = hn::Or(rough, hn::Lt(metric_squared(d, limits.metric, x, y), cusp_reach2));
  rough = hn::Or(rough, hn::Lt(hn::MulAdd(lens_x, lens_x, hn::Set(d, limits.lens_y2)),
                               hn::Set(d, limits.lens_distance2)));
  rough = hn::Or(rough, hn::Lt(hn::MulAdd(core_x, core_x, hn::Set(d, limits.core_y2)),
                               hn::Set(d, limits.core_distance2)));

  const auto code = [d](lens::ImageKind kind) {
    return hn::Set(d, static_cast<double>(kind));
  };
  const V positive =
      hn::IfThenElse(hn::Lt(hn::LoadU(d, row.trace + k), zero),
                     code(lens::ImageKind::maximum), code(lens::ImageKind::minimum));
  const V kind = hn::IfThenElse(hn::Lt(determinant, zero),
                                code(lens::ImageKind::saddle), positive);
  const V light = hn::IfThenElseZero(hn::Gt(brightness, dark), kind);
  return hn::IfThenElse(rough, hn::Set(d, -1.0), light);
}

void classify_row_here(const CentreRow& row, const RowLimits& limits,
                       std::int8_t* classes) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<std::int32_t, decltype(d)> integer;
  const hn::Rebind<std::int8_t, decltype(d)> byte;
  for (std::size_t k = 0; k < row.pixels; k += hn::Lanes(d)) {
    const auto codes = hn::DemoteTo(integer, classes_at(d, row, limits, k));
    hn::StoreU(hn::DemoteTo(byte, codes), byte, classes + k);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lensmill::imaging::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill::imaging::detail {

HWY_EXPORT(classify_row_here);

void classify_row(const CentreRow& row, const RowLimits& limits, std::int8_t* classes) {
  HWY_DYNAMIC_DISPATCH(classify_row_here)(row, limits, classes);
}

}  // namespace lensmill::imaging::detail
#endif
