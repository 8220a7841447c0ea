#include "lib/measure/core_leakage.hpp"

#include <cmath>
#include <limits>

namespace lensmill::measure {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

KindValues intrinsic_sums(const ApertureWeights& aperture,
                          const imaging::ArcPlanes& arc, int margin_pix) {
  KindValues sums{};
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    if (!arc.present[kind]) continue;
    sums[kind] = aperture_sum(aperture, arc.pixel.plane[kind].view(), margin_pix);
  }
  return sums;
}

CoreLeakage split_core_flux(const KindValues& intrinsic, const KindValues& adjoint,
                            double kernel_sum, double convolved_flux) {
  CoreLeakage split{
      .fraction = nan, .intrinsic = {nan, nan, nan}, .psf = {nan, nan, nan}};
  if (!(convolved_flux > 0.0)) return split;
  split.fraction = 0.0;
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    split.intrinsic[kind] = kernel_sum * intrinsic[kind] / convolved_flux;
    split.psf[kind] = (adjoint[kind] - kernel_sum * intrinsic[kind]) / convolved_flux;
    split.fraction += split.intrinsic[kind] + split.psf[kind];
  }
  return split;
}

CoreFractionWithoutPsf core_fraction_without_psf(const KindValues& intrinsic,
                                                 const KindValues& stamp) {
  CoreFractionWithoutPsf result{.fraction = nan, .by_kind = {nan, nan, nan}};
  const double flux = total(stamp);
  if (!(flux > 0.0)) return result;
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    result.by_kind[kind] = intrinsic[kind] / flux;
  }
  result.fraction = total(intrinsic) / flux;
  return result;
}

}  // namespace lensmill::measure
