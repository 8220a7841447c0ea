#include "lib/recovery/position_match.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace lensmill::recovery {
namespace {

Position at(double x, double y) { return on_image(x, y, 1.0); }

std::vector<Position> scattered(int n, double side, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> place(0.0, side);
  std::vector<Position> positions;
  for (int k = 0; k < n; ++k) {
    const double x = place(random);
    positions.push_back(at(x, place(random)));
  }
  return positions;
}

std::vector<std::int64_t> numbered(std::size_t n) {
  std::vector<std::int64_t> keys(n);
  std::iota(keys.begin(), keys.end(), std::int64_t{100});
  return keys;
}

/// Again and again over all pairs of what is left: those that are each other's nearest.
std::vector<std::size_t> mutually_nearest(const std::vector<Position>& injections,
                                          const std::vector<Position>& detections,
                                          double radius) {
  std::vector<std::size_t> match(injections.size(), nothing);
  std::vector<bool> taken(detections.size(), false);
  const auto nearest_detection = [&](std::size_t i) {
    std::size_t best = nothing;
    double least = radius;
    for (std::size_t j = 0; j < detections.size(); ++j) {
      const double d = distance_arcsec(injections[i], detections[j]);
      if (!taken[j] && d <= least) {
        least = d;
        best = j;
      }
    }
    return best;
  };
  const auto nearest_injection = [&](std::size_t j) {
    std::size_t best = nothing;
    double least = radius;
    for (std::size_t i = 0; i < injections.size(); ++i) {
      const double d = distance_arcsec(injections[i], detections[j]);
      if (match[i] == nothing && d <= least) {
        least = d;
        best = i;
      }
    }
    return best;
  };
  for (bool found = true; found;) {
    found = false;
    for (std::size_t i = 0; i < injections.size(); ++i) {
      if (match[i] != nothing) continue;
      const auto j = nearest_detection(i);
      if (j == nothing || nearest_injection(j) != i) continue;
      match[i] = j;
      taken[j] = true;
      found = true;
    }
  }
  return match;
}

TEST(MatchPositions, IsMutuallyNearestRepeatedOnWhatIsLeft) {
  // From 0.1 to 3 detections per disc: alone, in pairs and in long chains.
  for (const double side : {60.0, 25.0, 12.0}) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      const auto injections = scattered(120, side, seed);
      const auto detections = scattered(150, side, seed + 100);

      const auto matches =
          match_positions(injections, numbered(injections.size()), detections, 1.0);

      const auto expected = mutually_nearest(injections, detections, 1.0);
      int matched = 0;
      for (std::size_t i = 0; i < injections.size(); ++i) {
        const auto& match = matches.injections[i];
        ASSERT_EQ(match.detection, expected[i]) << i;
        const auto within = std::ranges::count_if(detections, [&](const auto& place) {
          return distance_arcsec(place, injections[i]) <= 1.0;
        });
        EXPECT_EQ(match.detections_within, within);
        EXPECT_EQ(match.outcome, expected[i] != nothing ? Outcome::matched
                                 : within > 0           ? Outcome::shared
                                                        : Outcome::none);
        if (expected[i] == nothing) continue;
        ++matched;
        EXPECT_EQ(matches.detections[expected[i]].injection, i);
        EXPECT_EQ(match.distance_arcsec,
                  distance_arcsec(injections[i], detections[expected[i]]));
      }
      EXPECT_GT(matched, 3);
    }
  }
}

TEST(MatchPositions, IsTheSameAtAnyOrder) {
  // On a lattice of half a radius: many equal distances and equal places.
  std::mt19937_64 random(5);
  std::uniform_int_distribution<int> place(0, 12);
  std::vector<Position> injections, detections;
  for (int k = 0; k < 60; ++k) {
    injections.push_back(at(0.5 * place(random), 0.5 * place(random)));
    detections.push_back(at(0.5 * place(random), 0.5 * place(random)));
  }
  const auto keys = numbered(injections.size());
  const auto first = match_positions(injections, keys, detections, 1.0);

  for (int turn = 0; turn < 5; ++turn) {
    std::vector<std::size_t> i_order(60), j_order(60);
    std::iota(i_order.begin(), i_order.end(), std::size_t{0});
    std::iota(j_order.begin(), j_order.end(), std::size_t{0});
    std::ranges::shuffle(i_order, random);
    std::ranges::shuffle(j_order, random);
    std::vector<Position> i_moved, j_moved;
    std::vector<std::int64_t> keys_moved;
    for (const auto k : i_order) {
      i_moved.push_back(injections[k]);
      keys_moved.push_back(keys[k]);
    }
    for (const auto k : j_order) j_moved.push_back(detections[k]);

    const auto again = match_positions(i_moved, keys_moved, j_moved, 1.0);

    for (std::size_t k = 0; k < i_order.size(); ++k) {
      const auto& expected = first.injections[i_order[k]];
      const auto& match = again.injections[k];
      EXPECT_EQ(match.outcome, expected.outcome);
      EXPECT_EQ(match.tie, expected.tie);
      EXPECT_EQ(match.detections_within, expected.detections_within);
      if (match.outcome != Outcome::matched) continue;
      // Of several detections at one place any may stand for them.
      EXPECT_EQ(j_moved[match.detection], detections[expected.detection]);
    }
  }
}

TEST(MatchPositions, TwoInjectionsOfOneDetectionAreMatchedAndShared) {
  const std::vector injections{at(0.0, 0.0), at(1.0, 0.0)};
  const std::vector detections{at(0.4, 0.0)};

  const auto matches = match_positions(injections, numbered(2), detections, 1.0);

  EXPECT_EQ(matches.injections[0].outcome, Outcome::matched);
  EXPECT_EQ(matches.injections[1].outcome, Outcome::shared);
  EXPECT_EQ(matches.injections[1].shared_with, 0U);
  EXPECT_TRUE(std::isnan(matches.injections[1].distance_arcsec));
  EXPECT_EQ(matches.detections[0].injections_within, 2);
}

TEST(MatchPositions, SeveralDetectionsOfOneInjectionAreCounted) {
  const std::vector injections{at(0.0, 0.0)};
  const std::vector detections{at(0.9, 0.0), at(0.0, -0.5), at(0.0, 3.0)};

  const auto matches = match_positions(injections, numbered(1), detections, 1.0);

  EXPECT_EQ(matches.injections[0].detection, 1U);
  EXPECT_EQ(matches.injections[0].detections_within, 2);
  EXPECT_EQ(matches.detections[0].injection, nothing);
  EXPECT_EQ(matches.detections[0].injections_within, 1);
  EXPECT_EQ(matches.detections[2].injections_within, 0);
}

TEST(MatchPositions, EqualDistancesGoByKeyThenByPlace) {
  const std::vector injections{at(1.0, 0.0), at(-1.0, 0.0)};
  const std::vector<std::int64_t> keys{7, 3};
  const std::vector one{at(0.0, 0.0)};
  const std::vector two{at(1.0, 1.0), at(0.0, 0.0)};

  const auto by_key = match_positions(injections, keys, one, 1.5);
  const auto by_place = match_positions(std::span(injections).first(1),
                                        std::span(keys).first(1), two, 1.5);

  EXPECT_EQ(by_key.injections[1].outcome, Outcome::matched);
  EXPECT_EQ(by_key.injections[0].outcome, Outcome::shared);
  EXPECT_TRUE(by_key.injections[0].tie);
  EXPECT_TRUE(by_key.injections[1].tie);
  EXPECT_EQ(by_place.injections[0].detection, 1U);  // the smaller x
  EXPECT_TRUE(by_place.injections[0].tie);
}

TEST(MatchPositions, EqualDistancesElsewhereAreNoTie) {
  const std::vector injections{at(0.0, 0.0), at(10.0, 0.0)};
  const std::vector detections{at(0.5, 0.0), at(10.5, 0.0)};

  const auto matches = match_positions(injections, numbered(2), detections, 1.0);

  EXPECT_FALSE(matches.injections[0].tie);
  EXPECT_FALSE(matches.injections[1].tie);
}

TEST(MatchPositions, TheRadiusIsIncluded) {
  const std::vector injections{at(0.0, 0.0)};
  const std::vector detections{at(1.0, 0.0)};
  const double less = std::nextafter(1.0, 0.0);

  EXPECT_EQ(
      match_positions(injections, numbered(1), detections, 1.0).injections[0].outcome,
      Outcome::matched);
  EXPECT_EQ(
      match_positions(injections, numbered(1), detections, less).injections[0].outcome,
      Outcome::none);
}

TEST(MatchPositions, OfNothingIsNothing) {
  const std::vector one{at(0.0, 0.0)};

  EXPECT_TRUE(match_positions({}, {}, one, 1.0).injections.empty());
  EXPECT_EQ(match_positions(one, numbered(1), {}, 1.0).injections[0].outcome,
            Outcome::none);
}

TEST(PositionsOnTheSky, AreApartByTheAngle) {
  // The chord of 60 arcsec is 2e-7 arcsec shorter than the arc.
  constexpr double chord_arcsec = 1.0e-6;
  constexpr double arcsec = 1.0 / 3600.0;
  const auto here = on_sky(359.999999, 60.0);

  EXPECT_NEAR(distance_arcsec(on_sky(10.0, -5.0), on_sky(10.0, -5.0 + 60.0 * arcsec)),
              60.0, chord_arcsec);
  // Right ascension counts by cos(dec), across 0 too.
  EXPECT_NEAR(distance_arcsec(here, on_sky(359.999999 - 360.0 + 20.0 * arcsec, 60.0)),
              10.0, chord_arcsec);
  EXPECT_NEAR(distance_arcsec(on_sky(0.0, 90.0), on_sky(123.0, 90.0)), 0.0,
              chord_arcsec);
}

TEST(PositionIndex, GivesTheNearestFirst) {
  const auto positions = scattered(300, 10.0, 9);
  const auto centre = at(5.0, 5.0);

  const auto found = PositionIndex(positions).within(centre, 2.0);

  EXPECT_GT(found.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, &Neighbour::distance_arcsec));
  const auto expected = std::ranges::count_if(
      positions, [&](const auto& p) { return distance_arcsec(p, centre) <= 2.0; });
  EXPECT_EQ(static_cast<std::ptrdiff_t>(found.size()), expected);
}

}  // namespace
}  // namespace lensmill::recovery
