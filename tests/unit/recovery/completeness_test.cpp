#include "lib/recovery/completeness.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace lensmill::recovery {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(FractionEstimate, HasWilsonsIntervalOfScipy) {
  // scipy.stats.binomtest(k, n).proportion_ci(0.9, method="wilson"), scipy 1.10
  struct Case {
    std::int64_t part, of;
    double lower, upper;
  };
  constexpr double rounding = 1.0e-12;
  for (const auto& [part, of, lower, upper] :
       {Case{0, 1, 0.0, 0.7301340512159458}, Case{1, 1, 0.2698659487840541, 1.0},
        Case{0, 2, 0.0, 0.5749693909936537},
        Case{1, 2, 0.12086631942227366, 0.8791336805777263},
        Case{1, 3, 0.07826572633372841, 0.7464661317187758},
        Case{7, 10, 0.4416997958698351, 0.8731234160968021},
        Case{412, 500, 0.794264195922296, 0.8502482909975664}}) {
    const auto estimate = Fraction{part, of}.estimate();

    EXPECT_NEAR(estimate.lower, lower, rounding) << part << " of " << of;
    EXPECT_NEAR(estimate.upper, upper, rounding) << part << " of " << of;
  }
}

TEST(FractionEstimate, OfTooFewTrialsIsAnIntervalWithoutValue) {
  EXPECT_TRUE(std::isnan(Fraction{0, 0}.estimate().lower));
  for (const std::int64_t of : {1, 2}) {
    const auto estimate = Fraction{of, of}.estimate();
    EXPECT_TRUE(std::isnan(estimate.value));
    EXPECT_GT(estimate.lower, 0.0);
    EXPECT_LT(estimate.lower, 0.5);
    EXPECT_EQ(estimate.upper, 1.0);
  }
  EXPECT_EQ((Fraction{3, 3}.estimate().value), 1.0);
}

TEST(FractionEstimate, HoldsTheTruthAsOftenAsItSays) {
  // Averaged over shares drawn evenly (exactly 0.927, 0.922, 0.915, 0.907 and 0.902 for
  // these numbers of trials); 20,000 draws scatter by 0.002.
  constexpr double scatter = 0.008;
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> share(0.0, 1.0);
  for (const auto& [n, exact] :
       {std::pair{1, 0.9272}, {2, 0.9219}, {5, 0.9151}, {20, 0.9070}, {100, 0.9022}}) {
    int held = 0;
    constexpr int draws = 20000;
    for (int k = 0; k < draws; ++k) {
      const double truth = share(random);
      std::int64_t part = 0;
      for (int trial = 0; trial < n; ++trial) part += share(random) < truth ? 1 : 0;
      held += Fraction{part, n}.estimate().contains(truth) ? 1 : 0;
    }
    const double coverage = static_cast<double>(held) / draws;
    EXPECT_NEAR(coverage, exact, scatter) << n;
  }
}

TEST(CompletenessBy, CountsEveryTrialOnce) {
  const std::vector<Trial> trials{
      {1.0, true, true},  {1.9, false, false}, {2.0, true, false}, {3.0, false, true},
      {3.1, true, false}, {nan, true, false},  {0.5, false, false}};

  const auto table = completeness_by(analysis::Bins({1.0, 2.0, 3.0}), trials);

  ASSERT_EQ(table.bins.size(), 2U);
  EXPECT_EQ(table.bins[0].recovered.of, 2);
  EXPECT_EQ(table.bins[0].recovered.part, 1);
  EXPECT_EQ(table.bins[0].by_chance.part, 1);
  EXPECT_EQ(table.bins[1].recovered.of, 2);  // the last one is closed
  EXPECT_EQ(table.bins[1].recovered.part, 1);
  EXPECT_EQ(table.outside.recovered.of, 2);
  EXPECT_EQ(table.outside.recovered.part, 1);
  EXPECT_EQ(table.undefined.recovered.of, 1);
  EXPECT_EQ(table.undefined.recovered.part, 1);
}

TEST(PurityByThreshold, CountsMatchesAmongDetectionsOfAtLeastTheScore) {
  const std::vector<ScoredDetection> detections{
      {0.9, true, false}, {0.8, false, true}, {0.8, true, false}, {0.1, false, false}};

  const auto rows = purity_by_threshold(detections, 5);

  ASSERT_EQ(rows.size(), 3U);  // a threshold for each different score
  EXPECT_EQ(rows[0].threshold, 0.1);
  EXPECT_EQ(rows[0].purity.of, 4);
  EXPECT_EQ(rows[0].purity.part, 2);
  EXPECT_EQ(rows[0].near, 1);
  EXPECT_EQ(rows[1].threshold, 0.8);
  EXPECT_EQ(rows[1].purity.of, 3);  // equal scores together
  EXPECT_EQ(rows[2].purity.of, 1);
  EXPECT_EQ(rows[2].completeness.part, 1);
  EXPECT_EQ(rows[2].completeness.of, 5);
}

TEST(PurityByThreshold, OfNoDetectionsHasNoRows) {
  EXPECT_TRUE(purity_by_threshold({}, 5).empty());
}

TEST(PurityByThreshold, TakesEqualSharesOfManyScores) {
  std::vector<ScoredDetection> detections;
  for (int k = 0; k < 1000; ++k) detections.push_back({0.001 * k, k % 2 == 0, false});

  const auto rows = purity_by_threshold(detections, 500, 10);

  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows[0].purity.of, 1000);
  EXPECT_EQ(rows[9].purity.of, 100);
}

}  // namespace
}  // namespace lensmill::recovery
