#include "lib/analysis/summary_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "lib/analysis/summary_state.hpp"
#include "lib/analysis/summary_tables.hpp"

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Counters = std::span<const std::int64_t>;

Median median_of(const state::HistogramShape& shape, Counters bins) {
  const auto n = std::accumulate(bins.begin(), bins.end(), std::int64_t{0});
  Median out{.n = n, .value = state::quantile(shape, bins, 0.5), .standard_error = nan};
  if (n < 2) return out;
  // The rank of the median scatters by sqrt(n)/2.
  const double step = 0.5 / std::sqrt(static_cast<double>(n));
  const double width = state::quantile(shape, bins, 0.5 + step) -
                       state::quantile(shape, bins, 0.5 - step);
  if (std::isfinite(width)) out.standard_error = 0.5 * width;
  return out;
}

RadiusNumbers radius_of(Counters counters) {
  const Median median =
      median_of(state::radius_shape,
                counters.subspan(state::radius_histogram, state::radius_shape.size()));
  return {.median_pix = median,
          .within_3_pix = {counters[state::within_3], median.n},
          .within_5_pix = {counters[state::within_5], median.n}};
}

CoreNumbers core_of(Counters group) {
  const std::int64_t rows = group[state::core_rows];
  const auto n = static_cast<double>(rows);
  const auto mean = [&](std::size_t first) {
    return rows == 0 ? nan : state::value_of(group.subspan(first).first<2>()) / n;
  };
  const auto term = [&](state::CoreTerm k) { return mean(state::core_sums + 2 * k); };
  CoreNumbers out{.n = rows,
                  .core_flux_fraction = term(state::core_flux_fraction),
                  .standard_error = nan,
                  .saddle_intrinsic = term(state::saddle_intrinsic),
                  .minimum_intrinsic = term(state::minimum_intrinsic),
                  .maximum_intrinsic = term(state::maximum_intrinsic),
                  .saddle_psf = term(state::saddle_psf),
                  .minimum_psf = term(state::minimum_psf),
                  .maximum_psf = term(state::maximum_psf)};
  if (rows >= 2) {
    const double scatter =
        mean(state::core_square) - out.core_flux_fraction * out.core_flux_fraction;
    out.standard_error = std::sqrt(std::max(scatter, 0.0) / (n - 1.0));
  }
  return out;
}

GroupNumbers group_of(Counters all, std::size_t index) {
  const Counters group = all.subspan(state::group(index), state::group_size);
  return {.rows = group[state::group_rows],
          .sis_proxy = radius_of(group.subspan(state::sis_proxy, state::radius_size)),
          .saddle = radius_of(group.subspan(state::saddle, state::radius_size)),
          .core = core_of(group)};
}

}  // namespace

double Share::value() const {
  return of == 0 ? nan : static_cast<double>(part) / static_cast<double>(of);
}

double Share::standard_error() const {
  const double p = value();
  return std::sqrt(p * (1.0 - p) / static_cast<double>(of));
}

SummaryNumbers SummaryTables::numbers() const {
  const Counters all = state_;
  const auto with_status = [&](std::size_t place) {
    return all[state::first_status + place];
  };
  SummaryNumbers out;
  out.rows = all[state::rows];
  out.not_rendered = all[state::not_rendered];
  out.unknown_status = all[state::unknown_status];
  out.outside_bins = all[state::outside_bins];
  for (std::size_t k = 0; k < all_statuses.size(); ++k) {
    const Status status = all_statuses[k];
    if (status == Status::ring) out.rings = with_status(k);
    if (status == Status::unlensed) out.unlensed = with_status(k);
    if (is_failure(status) && with_status(k) > 0) {
      out.failed.push_back({status, with_status(k)});
    }
  }
  out.offset_over_theta_e =
      median_of(state::offset_shape,
                all.subspan(state::offset_histogram(), state::offset_shape.size()));
  const auto discrete =
      all[state::no_saddle] + all[state::one_saddle] + all[state::more_saddles];
  out.no_saddle = {all[state::no_saddle], discrete};
  out.one_saddle = {all[state::one_saddle], discrete};
  out.more_saddles = {all[state::more_saddles], discrete};
  out.all = group_of(all, 0);
  out.counted = out.all.rows;
  const auto& edges = config_.theta_e_edges_arcsec;
  for (std::size_t bin = 0; bin + 1 < edges.size(); ++bin) {
    out.bins.push_back({.lower_arcsec = edges[bin],
                        .upper_arcsec = edges[bin + 1],
                        .numbers = group_of(all, 1 + bin)});
  }
  out.pixel_scale_arcsec = config_.pixel_scale_arcsec;
  out.core_band = config_.bands[core_.band];
  out.core_radius_pix = core_.radius_pix;
  out.core_aperture = config_.aperture;
  return out;
}

}  // namespace lensmill::analysis
