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
    const double near =
        std::max(least, distance_to(cell, std::clamp(cell.x_pix, 0.0, last),
                                    std::clamp(cell.y_pix, 0.0, last)));
    out.pixel_flux += flux * wings.mean_share(near, 2.0 * cell.half_pix);
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
      const double near = std::max(least, distance_to(cell, horizontal ? along : across,
                                                      horizontal ? across : along) -
                                              slack);
      at_border[k] += flux * wings.mean_share(near, 2.0 * cell.half_pix);
    }
  }
  out.pixel_flux = std::min(out.pixel_flux, std::ranges::max(at_border));
  return out;
}

double least_peak(const ArcPlanes& planes, const PsfWings& wings, int stamp_size_pix,
                  Image<double>& workspace) {
  if (wings.empty()) return 0.0;
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
  double peak = 0.0;
  for (std::size_t k = 0; k < PsfWings::boxes_pix.size(); ++k) {
    const int box = PsfWings::boxes_pix[k];
    double most = 0.0;
    for (int y = 0; y + box <= n; ++y) {
      for (int x = 0; x + box <= n; ++x) {
        most = std::max(most, sums(y + box, x + box) - sums(y, x + box) -
                                  sums(y + box, x) + sums(y, x));
      }
    }
    peak = std::max(peak, most * wings.least_share_of_box(k));
  }
  return peak;
}

}  // namespace lensmill::imaging
