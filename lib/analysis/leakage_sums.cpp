#include "lib/analysis/leakage_sums.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

constexpr double nan = StampRow::nan;
// Below this share of the mean square, a variance is rounding.
constexpr double rounding = 1.0e-12;

bool usable(double value) { return std::abs(value) <= largest_flux; }
bool is_fraction(double value) { return std::abs(value) <= largest_fraction; }

/// Moments of a line's columns: NaN without spread.
struct Moments {
  double xx = nan, yy = nan, xy = nan;
};

Moments moments_of(std::span<const double> q, const LineColumns& line) {
  const double n = q[line.n];
  if (n < 3.0) return {};
  const double x = q[line.x] / n;
  const double y = q[line.y] / n;
  const auto spread = [&](double square, double product) {
    const double value = square / n - product;
    return value > rounding * std::abs(square / n) ? value : nan;
  };
  return {.xx = spread(q[line.xx], x * x),
          .yy = spread(q[line.yy], y * y),
          .xy = q[line.xy] / n - x * y};
}

}  // namespace

bool all_usable(std::span<const double> values) {
  return std::ranges::all_of(values, usable);
}

Bins::Bins(std::vector<double> edges) : edges_(std::move(edges)) {
  EXPECT(edges_.size() >= 2);
  EXPECT(std::ranges::adjacent_find(edges_, std::ranges::greater_equal()) ==
         edges_.end());
}

std::size_t Bins::of(double value) const {
  if (!(value >= edges_.front() && value <= edges_.back())) return count();
  const auto above = std::ranges::upper_bound(edges_, value) - edges_.begin();
  return std::min(static_cast<std::size_t>(above) - 1, count() - 1);
}

std::size_t largest(std::span<const double> values) {
  return static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
}

std::array<double, split_causes> split_of(const StampRow& row) {
  return {row.intrinsic[counter], row.intrinsic[outer], row.intrinsic[central],
          row.psf[counter] + row.psf[outer] + row.psf[central]};
}

std::array<double, step_causes> steps_of(const StampRow& row) {
  const auto& point = row.point_like;
  const double points = point[counter] + point[outer] + point[central];
  return {point[counter], point[outer], point[central], row.core_without_psf - points,
          row.core_flux_fraction - row.core_without_psf};
}

LeakageSums::LeakageSums(Bins bins, std::size_t radii, std::size_t groups)
    : bins_(std::move(bins)),
      radii_(radii),
      sums_(bins_.count() + 1, q_radii + 2 * radii, groups) {}

void LeakageSums::add(const StampRow& row) {
  const std::size_t cell = bins_.of(row.theta_e_arcsec);
  const std::size_t group = sums_.group_of(row.unit);
  const auto put = [&](std::size_t quantity, double value) {
    sums_.add(cell, group, quantity, value);
  };
  sums_.count_row(group);
  put(q_rows, 1.0);

  const auto split = split_of(row);
  const double core = row.core_flux_fraction;
  if (is_fraction(core) && std::ranges::all_of(row.intrinsic, is_fraction) &&
      std::ranges::all_of(row.psf, is_fraction)) {
    put(q_core_rows, 1.0);
    put(q_core, core);
    put(q_core_core, core * core);
    std::array<double, image_classes> net{};
    for (std::size_t k = 0; k < split_causes; ++k) put(q_split + k, split[k]);
    for (std::size_t k = 0; k < image_classes; ++k) {
      net[k] = row.intrinsic[k] + row.psf[k];
      put(q_net + k, net[k]);
      put(q_psf + k, row.psf[k]);
    }
    put(q_split_leads + largest(split), 1.0);
    put(q_net_leads + largest(net), 1.0);
  }
  const auto steps = steps_of(row);
  if (all_usable(steps)) {
    put(q_step_rows, 1.0);
    put(q_step_core, row.core_flux_fraction);
    for (std::size_t k = 0; k < step_causes; ++k) put(q_steps + k, steps[k]);
    put(q_step_leads + largest(steps), 1.0);
  }
  if (usable(row.ring_expectation) && usable(row.core_flux_fraction)) {
    put(q_ring_rows, 1.0);
    put(q_ring_core, row.core_flux_fraction);
    put(q_ring, row.ring_expectation);
    put(q_gaussian_ring, row.gaussian_ring_expectation);
    put(q_amplitude, row.amplitude_ratio);
  }
  if (usable(row.counter_image_radius_pix)) {
    put(q_radius_rows, 1.0);
    put(q_radius, row.counter_image_radius_pix);
    if (row.counter_image_radius_pix < 3.0) put(q_within_3, 1.0);
    if (row.counter_image_radius_pix < 5.0) put(q_within_5, 1.0);
  }
  if (row.sis_inner_radius_pix < 3.0) put(q_sis_within_3, 1.0);
  if (row.sis_inner_radius_pix < 5.0) put(q_sis_within_5, 1.0);
  if (usable(row.annulus_offset)) {
    put(q_annulus_rows, 1.0);
    put(q_annulus, row.annulus_offset);
  }
  const double x = row.arc_flux_nmgy, y = row.core_offset, t = row.theta_e_arcsec;
  if (usable(x) && usable(y) && usable(t)) {
    put(q_offset_rows, 1.0);
    put(q_offset, y);
    put(q_flux, x);
    put(q_theta_e, t);
    put(q_offset_offset, y * y);
    put(q_flux_flux, x * x);
    put(q_theta_e_theta_e, t * t);
    put(q_offset_flux, y * x);
    put(q_offset_theta_e, y * t);
  }
  for (std::size_t k = 0; k < std::min(radii_, row.core_by_radius.size()); ++k) {
    if (!usable(row.core_by_radius[k])) continue;
    put(q_radii + 2 * k, 1.0);
    put(q_radii + 2 * k + 1, row.core_by_radius[k]);
  }
}

Statistic mean_of(std::size_t total, std::size_t rows) { return ratio_of(total, rows); }

Statistic ratio_of(std::size_t part, std::size_t whole) {
  return [=](std::span<const double> q) {
    return q[whole] == 0.0 ? nan : q[part] / q[whole];
  };
}

Statistic slope_of(const LineColumns& line) {
  return [=](std::span<const double> q) {
    const Moments m = moments_of(q, line);
    return m.xy / m.xx;
  };
}

Statistic r_squared_of(const LineColumns& line) {
  return [=](std::span<const double> q) {
    const Moments m = moments_of(q, line);
    return m.xy * m.xy / (m.xx * m.yy);
  };
}

}  // namespace lensmill::analysis
