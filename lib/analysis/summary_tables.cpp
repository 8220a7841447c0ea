#include "lib/analysis/summary_tables.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/histogram.hpp"

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Counters at the beginning of the counts.
enum Counter : std::size_t {
  not_rendered,
  unknown_status,
  no_saddle,
  one_saddle,
  more_saddles,
  first_status,  ///< one for each of all_statuses
};
/// Histograms of a cell; that of the offset over theta_E, one for all, is before them.
enum Radius : std::size_t { sis_proxy, saddle, radii };
constexpr std::size_t offset_place = first_status + all_statuses.size();
constexpr std::size_t first_radius = offset_place + offset_histogram.size();

template <class Counts>
Counts histogram_in(Counts counts, std::size_t cell, std::size_t which) {
  return counts.subspan(first_radius + (cell * radii + which) * radius_histogram.size(),
                        radius_histogram.size());
}

Median median_of(const Histogram& histogram, std::span<const std::int64_t> counts) {
  const auto n = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  Median out{.n = n, .value = histogram.quantile(counts, 0.5), .standard_error = nan};
  if (n < 2) return out;
  // The rank of the median scatters by sqrt(n)/2.
  const double step = 0.5 / std::sqrt(static_cast<double>(n));
  const double width =
      histogram.quantile(counts, 0.5 + step) - histogram.quantile(counts, 0.5 - step);
  if (std::isfinite(width)) out.standard_error = 0.5 * width;
  return out;
}

CoreNumbers core_of(const std::function<double(std::size_t)>& sum_of) {
  const double n = sum_of(q_core_rows);
  const auto mean = [&](std::size_t quantity) {
    return n == 0.0 ? nan : sum_of(quantity) / n;
  };
  const Mean core = mean_of_sums(n, sum_of(q_core), sum_of(q_core_core));
  return {.n = core.n,
          .core_flux_fraction = core.value,
          .standard_error = core.standard_error,
          .saddle_intrinsic = mean(q_split + counter_image),
          .minimum_intrinsic = mean(q_split + outer_image),
          .maximum_intrinsic = mean(q_split + central_image),
          .saddle_psf = mean(q_psf + counter),
          .minimum_psf = mean(q_psf + outer),
          .maximum_psf = mean(q_psf + central)};
}

}  // namespace

SummaryTables::SummaryTables(SummaryConfig config)
    : config_(std::move(config)),
      core_(reported_core(config_.bands, config_.aperture_radius_pix)),
      sums_(Bins(config_.theta_e_edges_arcsec), 0, 1),
      counts_(first_radius +
              (sums_.bins().count() + 1) * radii * radius_histogram.size()) {}

void SummaryTables::add(const StampRow& row) {
  const auto status = std::ranges::find(
      all_statuses, row.status, [](Status s) { return static_cast<std::int32_t>(s); });
  if (!row.rendered || status == all_statuses.end()) {
    ++counts_[row.rendered ? unknown_status : not_rendered];
    return;
  }
  ++counts_[first_status + static_cast<std::size_t>(status - all_statuses.begin())];
  if (!row.counts()) return;
  sums_.add(row);
  const std::span<std::int64_t> counts = counts_;
  const double relative =
      std::hypot(row.src_x_arcsec, row.src_y_arcsec) / row.theta_e_arcsec;
  if (row.theta_e_arcsec > 0.0 && relative >= 0.0) {
    offset_histogram.add(counts.subspan(offset_place, offset_histogram.size()),
                         relative);
  }
  if (*status == Status::ok) {
    ++counts_[row.n_saddles <= 0   ? no_saddle
              : row.n_saddles == 1 ? one_saddle
                                   : more_saddles];
  }
  const std::size_t cell = sums_.bins().of(row.theta_e_arcsec);
  // NaN: the row has no such image.
  if (row.sis_inner_radius_pix >= 0.0) {
    radius_histogram.add(histogram_in(counts, cell, sis_proxy),
                         row.sis_inner_radius_pix);
  }
  if (row.counter_image_radius_pix >= 0.0) {
    radius_histogram.add(histogram_in(counts, cell, saddle),
                         row.counter_image_radius_pix);
  }
}

std::int64_t SummaryTables::rows() const {
  return std::accumulate(counts_.begin() + first_status, counts_.begin() + offset_place,
                         counts_[not_rendered] + counts_[unknown_status]);
}

GroupNumbers SummaryTables::group_of(std::size_t first, std::size_t last) const {
  const auto sum_of = [&](std::size_t quantity) {
    double sum = 0.0;
    for (std::size_t cell = first; cell <= last; ++cell) {
      sum += sums_.sums().value(cell, 0, quantity);
    }
    return sum;
  };
  const auto radius_of = [&](std::size_t which, std::size_t within_3,
                             std::size_t within_5) {
    std::vector<std::int64_t> together(radius_histogram.size());
    for (std::size_t cell = first; cell <= last; ++cell) {
      const auto counts = histogram_in(std::span(counts_), cell, which);
      std::ranges::transform(together, counts, together.begin(), std::plus());
    }
    const Median median = median_of(radius_histogram, together);
    return RadiusNumbers{
        .median_pix = median,
        .within_3_pix = {static_cast<std::int64_t>(sum_of(within_3)), median.n},
        .within_5_pix = {static_cast<std::int64_t>(sum_of(within_5)), median.n}};
  };
  return {.rows = static_cast<std::int64_t>(sum_of(q_rows)),
          .sis_proxy = radius_of(sis_proxy, q_sis_within_3, q_sis_within_5),
          .saddle = radius_of(saddle, q_within_3, q_within_5),
          .core = core_of(sum_of)};
}

double Share::value() const {
  return of == 0 ? nan : static_cast<double>(part) / static_cast<double>(of);
}

double Share::standard_error() const {
  const double p = value();
  return std::sqrt(p * (1.0 - p) / static_cast<double>(of));
}

SummaryNumbers SummaryTables::numbers() const {
  const Bins& bins = sums_.bins();
  SummaryNumbers out;
  out.rows = rows();
  out.not_rendered = counts_[not_rendered];
  out.unknown_status = counts_[unknown_status];
  out.outside_bins = group_of(bins.count(), bins.count()).rows;
  for (std::size_t k = 0; k < all_statuses.size(); ++k) {
    const Status status = all_statuses[k];
    const std::int64_t n = counts_[first_status + k];
    if (status == Status::ring) out.rings = n;
    if (status == Status::unlensed) out.unlensed = n;
    if (is_failure(status) && n > 0) out.failed.push_back({status, n});
  }
  out.offset_over_theta_e =
      median_of(offset_histogram,
                std::span(counts_).subspan(offset_place, offset_histogram.size()));
  const auto discrete =
      counts_[no_saddle] + counts_[one_saddle] + counts_[more_saddles];
  out.no_saddle = {counts_[no_saddle], discrete};
  out.one_saddle = {counts_[one_saddle], discrete};
  out.more_saddles = {counts_[more_saddles], discrete};
  out.all = group_of(0, bins.count());
  out.counted = out.all.rows;
  for (std::size_t bin = 0; bin < bins.count(); ++bin) {
    out.bins.push_back({.lower_arcsec = bins.lower(bin),
                        .upper_arcsec = bins.upper(bin),
                        .numbers = group_of(bin, bin)});
  }
  out.pixel_scale_arcsec = config_.pixel_scale_arcsec;
  out.core_band = config_.bands[core_.band];
  out.core_radius_pix = core_.radius_pix;
  out.core_aperture = config_.aperture;
  return out;
}

}  // namespace lensmill::analysis
