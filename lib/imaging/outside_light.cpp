#include "lib/imaging/outside_light.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lensmill::imaging {
namespace {

// Points on each side of the stamp's border, corners included.
constexpr std::size_t border_points = 9;
constexpr double half_diagonal_pix = 0.5 * std::numbers::sqrt2;

/// Distance from a point to the square of a cell.
double distance_to(const OutsideCell& cell, double x_pix, double y_pix) {
  return std::hypot(std::max(0.0, std::abs(x_pix - cell.x_pix) - cell.half_pix),
                    std::max(0.0, std::abs(y_pix - cell.y_pix) - cell.half_pix));
}

/// The share of a cell's area outside the square [-margin - 1/2, n - 1/2 + margin]^2.
double share_outside(const OutsideCell& cell, int stamp_size_pix, int margin_pix) {
  const double side = 2.0 * cell.half_pix;
  const double low = -margin_pix - 0.5;
  const double high = stamp_size_pix - 0.5 + margin_pix;
  const auto overlap = [&](double centre) {
    return std::max(0.0, std::min(high, centre + cell.half_pix) -
                             std::max(low, centre - cell.half_pix));
  };
  if (side == 0.0) {
    const auto is_inside = [&](double pix) { return pix >= low && pix < high; };
    return is_inside(cell.x_pix) && is_inside(cell.y_pix) ? 0.0 : 1.0;
  }
  return 1.0 - overlap(cell.x_pix) * overlap(cell.y_pix) / (side * side);
}

/// Bound on the share of a cell's light beyond the margin that a pixel gets which is at
/// most `slack_pix` nearer to it than (x, y). What is beyond is `least_pix` or more
/// from any pixel along x or y, so the margin cuts that much off the cell's depth.
double share_of(const OutsideCell& cell, const PsfWings& wings, double x_pix,
                double y_pix, double slack_pix, double least_pix) {
  const double along = std::max(
      0.0, std::max(std::abs(x_pix - cell.x_pix), std::abs(y_pix - cell.y_pix)) -
               cell.half_pix);
  const double near = std::max(least_pix, distance_to(cell, x_pix, y_pix) - slack_pix);
  const double cut = std::max(0.0, least_pix - along);
  return wings.mean_share(near, std::max(0.0, 2.0 * cell.half_pix - cut));
}

}  // namespace

void PsfWings::clear() {
  share_.clear();
  sum_.clear();
  reach_pix_ = 0;
  of_box_ = {};
}

void PsfWings::add(const psf::LatticeKernel& kernel) {
  const auto& samples = kernel.samples;
  auto& largest = largest_;
  largest.assign(share_.size(), 0.0);
  std::array<double, boxes_pix.size()> least;
  least.fill(std::numeric_limits<double>::infinity());
  for (int y = 0; y < samples.ny(); ++y) {
    for (int x = 0; x < samples.nx(); ++x) {
      const double dx = static_cast<double>(x - kernel.origin_x) / kernel.oversample;
      const double dy = static_cast<double>(y - kernel.origin_y) / kernel.oversample;
      const auto distance = static_cast<std::size_t>(std::hypot(dx, dy));
      if (distance >= largest.size()) largest.resize(distance + 1, 0.0);
      largest[distance] = std::max(largest[distance], std::abs(samples(y, x)));
      for (std::size_t k = 0; k < boxes_pix.size(); ++k) {
        if (std::max(std::abs(dx), std::abs(dy)) <= 0.5 * boxes_pix[k]) {
          least[k] = std::min(least[k], samples(y, x));
        }
      }
    }
  }
  for (std::size_t k = 0; k < boxes_pix.size(); ++k) {
    const bool covered =
        std::min(samples.ny(), samples.nx()) >= boxes_pix[k] * kernel.oversample;
    const double share = covered ? std::max(0.0, least[k]) : 0.0;
    of_box_[k] = share_.empty() ? share : std::min(of_box_[k], share);
  }
  const int reach =
      std::max({kernel.origin_x, kernel.origin_y, samples.nx() - 1 - kernel.origin_x,
                samples.ny() - 1 - kernel.origin_y});
  reach_pix_ =
      std::max(reach_pix_, (reach + kernel.oversample - 1) / kernel.oversample);
  for (std::size_t d = largest.size(); d-- > 1;) {
    largest[d - 1] = std::max(largest[d - 1], largest[d]);
  }
  share_.resize(largest.size(), 0.0);
  sum_.assign(largest.size() + 1, 0.0);
  for (std::size_t d = 0; d < share_.size(); ++d) {
    share_[d] = std::max(share_[d], largest[d]);
    sum_[d + 1] = sum_[d] + share_[d];
  }
}

double PsfWings::share_beyond(double distance_pix) const {
  const auto d = static_cast<std::size_t>(std::max(0.0, distance_pix));
  return d < share_.size() ? share_[d] : 0.0;
}

double PsfWings::mean_share(double near_pix, double depth_pix) const {
  const auto below = [&](double distance) {
    const double at = std::clamp(distance, 0.0, static_cast<double>(share_.size()));
    const auto whole = static_cast<std::size_t>(at);
    const double part = at - static_cast<double>(whole);
    return sum_[whole] + (part > 0.0 ? part * share_[whole] : 0.0);
  };
  if (!(depth_pix > 0.0)) return share_beyond(near_pix);
  return (below(near_pix + depth_pix) - below(near_pix)) / depth_pix;
}

LeftOut light_left_out(std::span<const OutsideCell> cells, const PsfWings& wings,
                       int stamp_size_pix, int margin_pix, const CoreDisc& core,
                       double enough_flux) {
  LeftOut out;
  if (margin_pix >= wings.reach_pix()) return out;
  const double last = stamp_size_pix - 1.0;
  const double core_area = std::numbers::pi * core.radius_pix * core.radius_pix;
  const double least = margin_pix + 0.5;
  const auto flux_of = [&](const OutsideCell& cell) {
    return std::abs(cell.flux) * share_outside(cell, stamp_size_pix, margin_pix);
  };
  for (const auto& cell : cells) {
    const double flux = flux_of(cell);
    out.pixel_flux += flux * share_of(cell, wings, std::clamp(cell.x_pix, 0.0, last),
                                      std::clamp(cell.y_pix, 0.0, last), 0.0, least);
    // A pixel that is partly in the core reaches out by its half diagonal.
    const double to_core =
        distance_to(cell, core.x_pix, core.y_pix) - core.radius_pix - half_diagonal_pix;
    out.core_flux += flux * std::min(1.0, core_area * wings.share_beyond(to_core));
  }
  if (out.pixel_flux <= enough_flux) return out;

  const double spacing = last / (border_points - 1);
  // Between two points no pixel is farther from the nearer one.
  const double slack = 0.5 * spacing;
  std::array<double, 4 * border_points> at_border{};
  for (const auto& cell : cells) {
    const double flux = flux_of(cell);
    for (std::size_t k = 0; flux > 0.0 && k < at_border.size(); ++k) {
      const double along = static_cast<double>(k / 4) * spacing;
      const double across = k % 2 == 0 ? 0.0 : last;
      const bool horizontal = k % 4 < 2;
      at_border[k] += flux * share_of(cell, wings, horizontal ? along : across,
                                      horizontal ? across : along, slack, least);
    }
  }
  out.pixel_flux = std::min(out.pixel_flux, std::ranges::max(at_border));
  return out;
}

LeastLight least_light(const ArcPlanes& planes, const PsfWings& wings,
                       int stamp_size_pix, const CoreDisc& core,
                       Image<double>& workspace) {
  const int n = stamp_size_pix;
  const int margin = planes.margin_pix;
  // sums(y, x): of the pixels above and left of (y, x).
  Image<double>& sums = workspace;
  sums.assign(n + 1, n + 1, 0.0);
  for (int y = 0; y < n; ++y) {
    double row = 0.0;
    for (int x = 0; x < n; ++x) {
      row += planes.pixel.sum(y + margin, x + margin);
      sums(y + 1, x + 1) = sums(y, x + 1) + row;
    }
  }
  LeastLight least;
  for (std::size_t k = 0; k < PsfWings::boxes_pix.size(); ++k) {
    const int half = PsfWings::boxes_pix[k] / 2;
    double peak = 0.0;
    double in_core = 0.0;
    for (int y = 0; y < n; ++y) {
      const int top = std::max(0, y - half);
      const int bottom = std::min(n, y + half + 1);
      for (int x = 0; x < n; ++x) {
        const int left = std::max(0, x - half);
        const int right = std::min(n, x + half + 1);
        const double box = sums(bottom, right) - sums(top, right) - sums(bottom, left) +
                           sums(top, left);
        peak = std::max(peak, box);
        const double dx = x - core.x_pix;
        const double dy = y - core.y_pix;
        if (dx * dx + dy * dy < core.radius_pix * core.radius_pix) in_core += box;
      }
    }
    const double share = wings.least_share_of_box(k);
    least.peak_flux = std::max(least.peak_flux, share * peak);
    least.core_flux = std::max(least.core_flux, share * in_core);
  }
  return least;
}

}  // namespace lensmill::imaging
