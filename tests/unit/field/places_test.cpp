#include "pipeline/field/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "pipeline/field/painter.hpp"

namespace lensmill::pipeline {
namespace {

using testing::Each;
using testing::ElementsAre;

std::vector<SceneEntry> entries_at(std::vector<double> x_pix) {
  std::vector<SceneEntry> entries;
  for (const double x : x_pix) entries.push_back({.x_pix = x, .y_pix = 50.0});
  return entries;
}

std::vector<std::int32_t> passes_of(const std::vector<SceneEntry>& entries) {
  std::vector<std::int32_t> passes;
  for (const auto& entry : entries) passes.push_back(entry.pass);
  return passes;
}

FieldConfig on_grid(double spacing_pix, double jitter_pix) {
  FieldConfig config;
  config.run.run.seed = 5;
  config.field.positions.grid =
      GridPlaces{.spacing_pix = spacing_pix, .jitter_pix = jitter_pix};
  return config;
}

TEST(Passes, AreTheFirstInWhichNobodyBeforeIsNear) {
  auto entries = entries_at({10.0, 14.0, 18.0, 30.0, 12.0});

  assign_passes(5.0, entries);

  // The last is near to the first (pass 0) and to the second (pass 1).
  EXPECT_THAT(passes_of(entries), ElementsAre(0, 1, 0, 0, 2));
}

TEST(Passes, LeaveEveryPassWithoutNearPairs) {
  std::vector<SceneEntry> entries;
  for (int k = 0; k < 300; ++k) {
    entries.push_back({.x_pix = 1.0 * (k * 37 % 101), .y_pix = 1.0 * (k * 61 % 89)});
  }

  assign_passes(9.0, entries);

  for (std::size_t a = 0; a < entries.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (entries[a].pass != entries[b].pass) continue;
      EXPECT_GE(std::hypot(entries[a].x_pix - entries[b].x_pix,
                           entries[a].y_pix - entries[b].y_pix),
                9.0);
    }
  }
}

TEST(Passes, TakeNoNoteOfInjectionsThatAreNotPainted) {
  auto entries = entries_at({10.0, 11.0});
  entries[0].status = Status::bad_psf;
  entries.push_back(
      {.x_pix = std::numeric_limits<double>::quiet_NaN(), .status = Status::bad_host});

  assign_passes(5.0, entries);
  flag_neighbours(5.0, entries);

  EXPECT_THAT(passes_of(entries), Each(0));
  EXPECT_EQ(entries[1].flags, 0);
}

TEST(Neighbours, AreFlaggedBothWaysAcrossCells) {
  auto entries = entries_at({9.9, 10.1, 19.0, 40.0});

  flag_neighbours(10.0, entries);

  EXPECT_EQ(entries[0].flags, flag_neighbour | flag_same_place);
  EXPECT_EQ(entries[1].flags, flag_neighbour | flag_same_place);
  EXPECT_EQ(entries[2].flags, flag_neighbour);
  EXPECT_EQ(entries[3].flags, 0);
}

TEST(GridPlaces, AreCentredAndWithinTheirJitter) {
  Scene scene;
  scene.nx_pix = 100;
  scene.ny_pix = 70;

  const auto exact = places_of(on_grid(30.0, 0.0), scene, 6);
  const auto moved = places_of(on_grid(30.0, 4.0), scene, 6);

  EXPECT_EQ(exact[0], (PixelPosition{19.5, 19.5}));
  EXPECT_EQ(exact[5], (PixelPosition{79.5, 49.5}));
  for (std::size_t k = 0; k < exact.size(); ++k) {
    EXPECT_NE(moved[k], exact[k]);
    EXPECT_LE(std::abs(moved[k][0] - exact[k][0]), 4.0);
    EXPECT_LE(std::abs(moved[k][1] - exact[k][1]), 4.0);
  }
  EXPECT_THROW(places_of(on_grid(30.0, 0.0), scene, 7), ConfigError);
}

TEST(LightBeyondAMargin, CountsTheParts) {
  const std::vector<imaging::OutsideCell> cells{
      {.x_pix = -0.5, .y_pix = 5.0, .half_pix = 1.0, .flux = 2.0},  // half of it in
      {.x_pix = 15.0, .y_pix = 15.0, .half_pix = 0.0, .flux = 3.0}};

  EXPECT_DOUBLE_EQ(flux_beyond(cells, 10, 0), 4.0);
  EXPECT_DOUBLE_EQ(flux_beyond(cells, 10, 1), 3.0);
  EXPECT_DOUBLE_EQ(flux_beyond(cells, 10, 6), 0.0);
}

}  // namespace
}  // namespace lensmill::pipeline
