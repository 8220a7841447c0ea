#include "lib/imaging/cell_error.hpp"
#include "lib/imaging/render_accuracy.hpp"

#include <algorithm>
#include <numbers>

namespace lensmill::imaging {

void CellErrorModel::estimate(const CellSampleArrays& samples,
                              const light::Brightness& source,
                              std::span<const double> lens_distance,
                              std::span<const double> half_arcsec,
                              std::vector<CellEstimate>& estimates) {
  const std::size_t n = samples.cells;
  for (auto& values : column_) {
    if (values.size() < detail::padded(n)) values.resize(detail::padded(n));
  }
  const double cusp_radius = source.cusp_radius_arcsec();
  detail::cell_columns(samples, lens_distance.data(), source.round_metric(),
                       cusp_radius,
                       {.mean = column_[mean].data(),
                        .lowest = column_[lowest].data(),
                        .highest = column_[highest].data(),
                        .footprint = column_[footprint].data(),
                        .error = column_[error].data(),
                        .cusp_distance = column_[cusp_distance].data(),
                        .cusp_share = column_[cusp_share].data(),
                        .mixed = column_[mixed].data(),
                        .least_determinant = column_[least_determinant].data()});
  const bool has_cusp = cusp_radius >= 0.0;
  estimates.resize(n);
  for (std::size_t c = 0; c < n; ++c) {
    CellEstimate& out = estimates[c];
    out = {.mean_brightness = column_[mean][c],
           .brightness_error = column_[error][c],
           .smooth_error = column_[error][c],
           .bounded_brightness = column_[mean][c],
           .source_area_arcsec2 =
               4.0 * half_arcsec[c] * half_arcsec[c] * column_[least_determinant][c],
           .mixed_kinds = column_[mixed][c] > 0.0};
    if (!has_cusp) continue;
    const double share = column_[cusp_share][c];
    if (column_[cusp_distance][c] < render_accuracy.reach_of_inside) {
      const double bound = brightness_bound(
          out.source_area_arcsec2, [&](double r) { return source.flux_within(r); });
      out.hidden_error = share * std::max(0.0, bound - column_[highest][c]);
      // The disc about the cell's image contains at least what the bound counts: most
      // cells need no second sum.
      const double reach = column_[footprint][c];
      const double disc = std::numbers::pi * reach * reach;
      if (out.mean_brightness * disc > bound * out.source_area_arcsec2) {
        out.bounded_brightness =
            std::min(out.mean_brightness, source.flux_within(reach) / disc);
      }
    }
    out.brightness_error +=
        share * (column_[highest][c] - column_[lowest][c]) + out.hidden_error;
  }
}

}  // namespace lensmill::imaging
