#include "lib/analysis/crossing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "lib/analysis/cubic_spline.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

using Found = Crossing::Found;
using Mean = std::function<double(double)>;

struct Rows {
  std::vector<double> x, y;
  std::vector<std::int64_t> unit;
  Crossing crossing(bool is_design = false) const {
    return find_crossing({.x = x, .y = y, .unit = unit, .is_design = is_design});
  }
};

/// Rows with means `mean` and normal scatter; x uniform in [0.5, 2.5], or of a list.
Rows rows_about(const Mean& mean, int count, double scatter,
                const std::vector<double>& points = {}, std::int64_t stream_id = 1,
                int rows_per_unit = 1) {
  Rows rows;
  RandomStream stream(31, stream_id, StreamTag::self_test);
  double shared = 0.0;
  for (int i = 0; i < count; ++i) {
    if (i % rows_per_unit != 0) {
      rows.x.push_back(rows.x.back());
    } else {
      rows.x.push_back(points.empty() ? 0.5 + 2.0 * stream.uniform()
                                      : points[stream.below(points.size())]);
      shared = scatter * stream.normal();
    }
    rows.y.push_back(mean(rows.x.back()) + shared);
    rows.unit.push_back(i / rows_per_unit);
  }
  return rows;
}

/// As the core flux has it: flat, then steep within about 0.3, then falling off.
Mean falling_at(double place) {
  return [place](double x) {
    return 0.4 * std::tanh((x - place) / 0.3) * std::exp(-0.3 * x);
  };
}

TEST(Crossing, IsWhereItWasPlanted) {
  // The spline's own error where the mean has no scatter; with it, four times the
  // largest standard error, 0.02 (of 2.3, where the mean is least steep and x ends).
  constexpr double of_spline = 2e-3, with_scatter = 0.08;
  for (const double planted : {0.65, 0.9, 1.7, 2.3}) {
    const auto exact = rows_about(falling_at(planted), 20000, 0.0).crossing();
    EXPECT_EQ(exact.found, Found::one) << planted;
    EXPECT_NEAR(exact.place.value, planted, of_spline);

    const auto found = rows_about(falling_at(planted), 20000, 0.3).crossing();
    EXPECT_EQ(found.found, Found::one) << planted;
    EXPECT_EQ(found.below, -1);
    EXPECT_EQ(found.above, 1);
    EXPECT_FALSE(found.at_points);
    EXPECT_NEAR(found.place.value, planted, with_scatter);
    EXPECT_LE(found.place.lower, found.place.value);
    EXPECT_GE(found.place.upper, found.place.value);
    EXPECT_LT(found.place.standard_error, with_scatter / 2.0);
  }
}

TEST(Crossing, IntervalsHoldThePlantedPlace) {
  // 25 repeats: 90 % +- 6 %, four of them.
  constexpr int repeats = 25, least = 16;
  int held = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto found =
        rows_about(falling_at(0.9), 500, 0.3, {}, 100 + repeat).crossing();
    held += found.found == Found::one && found.place.contains(0.9) ? 1 : 0;
  }

  EXPECT_GE(held, least);
  EXPECT_LT(held, repeats);  // an interval that always holds it says nothing
}

TEST(Crossing, IntervalsAreOfUnits) {
  // Of rows that come in equal twenties, 1/20 is evidence: intervals are about
  // sqrt(20) = 4.5 times as wide. Half and twice that: 250 units are few for 20 knots.
  constexpr double expected = 4.5, factor = 2.0;
  double single = 0.0, twenties = 0.0;
  for (int k = 0; k < 5; ++k) {
    single += rows_about(falling_at(1.5), 5000, 0.3, {}, 200 + k)
                  .crossing()
                  .place.standard_error;
    twenties += rows_about(falling_at(1.5), 5000, 0.3, {}, 200 + k, 20)
                    .crossing()
                    .place.standard_error;
  }

  EXPECT_GT(twenties / single, expected / factor);
  EXPECT_LT(twenties / single, expected * factor);
}

TEST(Crossing, LiesBetweenTwoPointsWhereXTakesFewValues) {
  const auto found =
      rows_about(falling_at(0.9), 4000, 0.3, {0.5, 0.75, 1.0, 1.5}).crossing();

  EXPECT_EQ(found.found, Found::one);
  EXPECT_TRUE(found.at_points);
  EXPECT_TRUE(std::isnan(found.place.value));
  EXPECT_EQ(found.place.lower, 0.75);
  EXPECT_EQ(found.place.upper, 1.0);
  EXPECT_EQ(found.undecided_points, 0u);

  // At 0.9 itself the mean is 0 and stays undecided.
  const auto wide =
      rows_about(falling_at(0.9), 4000, 0.3, {0.5, 0.75, 0.9, 1.0, 1.5}).crossing();
  EXPECT_EQ(wide.place.lower, 0.75);
  EXPECT_EQ(wide.place.upper, 1.0);
  EXPECT_EQ(wide.undecided_points, 1u);
}

TEST(Crossing, OfADesignNeedsNoChance) {
  Rows rows;
  for (int i = 0; i < 8; ++i) {
    rows.x.push_back(0.5 + 0.25 * i);
    rows.y.push_back(falling_at(1.6)(rows.x.back()));
    rows.unit.push_back(i);
  }

  const auto found = rows.crossing(true);

  EXPECT_EQ(found.found, Found::one);
  EXPECT_TRUE(found.at_points);
  EXPECT_EQ(found.place.lower, 1.5);
  EXPECT_EQ(found.place.upper, 1.75);
  EXPECT_EQ(rows.crossing().found, Found::not_decided);  // 8 rows of a population
}

TEST(Crossing, SaysWhereThereIsNoneAndWhereThereAreSeveral) {
  const auto none = rows_about([](double x) { return 0.2 / x; }, 2000, 0.1).crossing();
  EXPECT_EQ(none.found, Found::none);
  EXPECT_EQ(none.below, 1);
  EXPECT_TRUE(none.decided_everywhere);
  EXPECT_TRUE(std::isnan(none.place.lower));

  const auto several =
      rows_about([](double x) { return 0.3 * std::sin(4.0 * x); }, 5000, 0.1)
          .crossing();
  EXPECT_EQ(several.found, Found::several);
  EXPECT_TRUE(std::isnan(several.place.value));

  const auto noise = rows_about([](double) { return 0.0; }, 3000, 0.3).crossing();
  EXPECT_EQ(noise.found, Found::not_decided);

  EXPECT_EQ(Rows{}.crossing().found, Found::not_decided);
}

TEST(Crossing, IsNotSeenInTheOvershootOfASteepStep) {
  // The mean of the smallest x is steep, that of the largest x next to nothing, and
  // positive throughout after the change.
  const Mean mean = [](double x) {
    return x < 0.9 ? -0.5 : 0.3 * std::exp(-8.0 * (x - 0.9)) + 1e-4;
  };

  const auto found = rows_about(mean, 20000, 0.01).crossing();

  EXPECT_EQ(found.found, Found::one);
  // A step is no smooth function: found within a distance of knots, 2 / 41.
  EXPECT_NEAR(found.place.value, 0.9, 2.0 / 41.0);
}

TEST(CubicSplines, AddUpToOneAndReproduceCubics) {
  constexpr double rounding = 1e-12;
  const CubicSplines basis(-1.0, 2.0, std::vector{-0.5, 0.0, 1.5});
  ASSERT_EQ(basis.count(), 7u);
  // Marsden's identity: x is the sum of the knots' means.
  const std::vector knots{-1.0, -1.0, -1.0, -1.0, -0.5, 0.0, 1.5, 2.0, 2.0, 2.0, 2.0};
  for (const double x : {-1.0, -0.7, -0.5, 0.3, 1.9, 2.0}) {
    const auto [first, value] = basis.at(x);
    double one = 0.0, same = 0.0;
    for (std::size_t k = 0; k < value.size(); ++k) {
      EXPECT_GE(value[k], 0.0);
      one += value[k];
      const auto* const t = knots.data() + first + k;
      same += value[k] * (t[1] + t[2] + t[3]) / 3.0;
    }
    EXPECT_NEAR(one, 1.0, rounding) << x;
    EXPECT_NEAR(same, x, rounding) << x;
  }
}

}  // namespace
}  // namespace lensmill::analysis
