#include "lib/recovery/position_match.hpp"

#include <algorithm>
#include <boost/geometry.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <tuple>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::recovery {
namespace {

namespace bg = boost::geometry;
using Point = bg::model::point<double, 3, bg::cs::cartesian>;
using Box = bg::model::box<Point>;
using Entry = std::pair<Point, std::size_t>;

constexpr double arcsec_per_rad = 180.0 * 3600.0 / std::numbers::pi;

Point point_of(const Position& p, double shift = 0.0) {
  return {p[0] + shift, p[1] + shift, p[2] + shift};
}

struct Pair {
  std::size_t injection = 0, detection = 0;
  double distance_arcsec = 0.0;
};

/// Place of each detection in the order of positions.
std::vector<std::size_t> ranks_of(std::span<const Position> positions) {
  std::vector<std::size_t> order(positions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::tie(positions[a], a) < std::tie(positions[b], b);
  });
  std::vector<std::size_t> rank(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) rank[order[k]] = k;
  return rank;
}

/// Pairs of equal distance of which both ends are free: an end that occurs twice is
/// claimed by both.
void mark_ties(std::span<const Pair> group, Matches& matches) {
  if (group.size() < 2) return;
  std::map<std::size_t, int> of_injection, of_detection;
  const auto is_free = [&](const Pair& pair) {
    return matches.injections[pair.injection].detection == nothing &&
           matches.detections[pair.detection].injection == nothing;
  };
  for (const auto& pair : group) {
    if (!is_free(pair)) continue;
    ++of_injection[pair.injection];
    ++of_detection[pair.detection];
  }
  for (const auto& pair : group) {
    if (!is_free(pair)) continue;
    if (of_injection[pair.injection] > 1 || of_detection[pair.detection] > 1) {
      matches.injections[pair.injection].tie = true;
    }
  }
}

}  // namespace

Position on_image(double x_pix, double y_pix, double pixel_scale_arcsec) {
  return {x_pix * pixel_scale_arcsec, y_pix * pixel_scale_arcsec, 0.0};
}

Position on_sky(double ra_deg, double dec_deg) {
  const double ra = ra_deg * std::numbers::pi / 180.0;
  const double dec = dec_deg * std::numbers::pi / 180.0;
  return {arcsec_per_rad * std::cos(dec) * std::cos(ra),
          arcsec_per_rad * std::cos(dec) * std::sin(ra),
          arcsec_per_rad * std::sin(dec)};
}

double distance_arcsec(const Position& a, const Position& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

struct PositionIndex::Tree {
  std::vector<Position> positions;
  bg::index::rtree<Entry, bg::index::rstar<16>> tree;
};

PositionIndex::PositionIndex(std::span<const Position> positions)
    : tree_(std::make_unique<Tree>()) {
  tree_->positions.assign(positions.begin(), positions.end());
  std::vector<Entry> entries;
  entries.reserve(positions.size());
  for (std::size_t k = 0; k < positions.size(); ++k) {
    entries.emplace_back(point_of(positions[k]), k);
  }
  // The constructor from a range packs: O(n log n).
  tree_->tree = decltype(tree_->tree)(entries);
}

PositionIndex::~PositionIndex() = default;
PositionIndex::PositionIndex(PositionIndex&&) noexcept = default;
PositionIndex& PositionIndex::operator=(PositionIndex&&) noexcept = default;

std::vector<Neighbour> PositionIndex::within(const Position& centre,
                                             double radius_arcsec) const {
  std::vector<Neighbour> found;
  const Box box(point_of(centre, -radius_arcsec), point_of(centre, radius_arcsec));
  for (auto at = tree_->tree.qbegin(bg::index::intersects(box));
       at != tree_->tree.qend(); ++at) {
    const double distance = distance_arcsec(centre, tree_->positions[at->second]);
    if (distance <= radius_arcsec) found.push_back({at->second, distance});
  }
  std::ranges::sort(found, [](const Neighbour& a, const Neighbour& b) {
    return std::tie(a.distance_arcsec, a.index) < std::tie(b.distance_arcsec, b.index);
  });
  return found;
}

Matches match_positions(std::span<const Position> injections,
                        std::span<const std::int64_t> keys,
                        std::span<const Position> detections, double radius_arcsec) {
  EXPECT(keys.size() == injections.size() && radius_arcsec > 0.0);
  Matches matches{.injections = std::vector<InjectionMatch>(injections.size()),
                  .detections = std::vector<DetectionMatch>(detections.size())};
  const PositionIndex index(detections);
  const auto rank = ranks_of(detections);
  const auto order_of = [&](const Pair& pair) {
    return std::tuple(pair.distance_arcsec, keys[pair.injection], rank[pair.detection]);
  };
  const auto before = [&](const Pair& a, const Pair& b) {
    return order_of(a) < order_of(b);
  };
  std::vector<Pair> pairs;
  std::vector<std::size_t> nearest(injections.size(), nothing);
  for (std::size_t i = 0; i < injections.size(); ++i) {
    Pair best{.injection = i, .detection = nothing};
    for (const auto& [j, distance] : index.within(injections[i], radius_arcsec)) {
      const Pair pair{.injection = i, .detection = j, .distance_arcsec = distance};
      pairs.push_back(pair);
      ++matches.injections[i].detections_within;
      ++matches.detections[j].injections_within;
      if (best.detection == nothing || before(pair, best)) best = pair;
    }
    nearest[i] = best.detection;
  }
  std::ranges::sort(pairs, before);
  for (auto first = pairs.begin(); first != pairs.end();) {
    const auto last = std::find_if(first, pairs.end(), [&](const Pair& pair) {
      return pair.distance_arcsec != first->distance_arcsec;
    });
    mark_ties({first, last}, matches);
    for (; first != last; ++first) {
      auto& injection = matches.injections[first->injection];
      auto& detection = matches.detections[first->detection];
      if (injection.detection != nothing || detection.injection != nothing) continue;
      injection.outcome = Outcome::matched;
      injection.detection = first->detection;
      injection.distance_arcsec = first->distance_arcsec;
      detection.injection = first->injection;
    }
  }
  for (std::size_t i = 0; i < injections.size(); ++i) {
    auto& injection = matches.injections[i];
    if (injection.detection != nothing || nearest[i] == nothing) continue;
    injection.outcome = Outcome::shared;
    injection.shared_with = matches.detections[nearest[i]].injection;
  }
  return matches;
}

}  // namespace lensmill::recovery
