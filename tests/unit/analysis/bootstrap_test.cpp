#include "lib/analysis/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

constexpr std::size_t n_count = 0, n_sum = 1;

double mean(std::span<const double> q) {
  return q[n_count] == 0.0 ? std::numeric_limits<double>::quiet_NaN()
                           : q[n_sum] / q[n_count];
}

/// Sums of `rows` standard normal values about `centre`, from a stream of their own;
/// `rows_per_unit` rows share a unit and a common offset of the same scatter.
GroupedSums normal_rows(std::int64_t stream_id, int rows, double centre,
                        int rows_per_unit = 1) {
  GroupedSums sums(1, 2);
  RandomStream stream(77, stream_id, StreamTag::self_test);
  double shared = 0.0;
  for (int i = 0; i < rows; ++i) {
    if (i % rows_per_unit == 0) shared = stream.normal();
    const double value = rows_per_unit == 1 ? shared : shared + stream.normal();
    const std::size_t group = sums.group_of(i / rows_per_unit);
    sums.count_row(group);
    sums.add(0, group, n_count, 1.0);
    sums.add(0, group, n_sum, centre + value);
  }
  return sums;
}

TEST(Bootstrap, GivesTheMeanAndItsStandardErrorInClosedForm) {
  constexpr int rows = 20000;
  // The bootstrap's standard error scatters by 1/sqrt(2 groups) = 3.1 % from the random
  // groups and 1/sqrt(2 replicates) = 1.6 % from the replicates: four sigma.
  constexpr double tolerance = 0.14;
  const double expected = 1.0 / std::sqrt(static_cast<double>(rows));

  const Bootstrap bootstrap(normal_rows(1, rows, 5.0));
  const Estimate estimate = bootstrap.estimate(0, mean);

  EXPECT_NEAR(estimate.value, 5.0, 4.0 * expected);
  EXPECT_NEAR(estimate.standard_error / expected, 1.0, tolerance);
  // 90 % of a normal distribution: +- 1.645 standard errors, with the same scatter.
  EXPECT_NEAR((estimate.upper - estimate.lower) / (2.0 * 1.645 * expected), 1.0,
              tolerance);
}

TEST(Bootstrap, KeepsRowsOfOneUnitTogether) {
  // 40 rows share an offset as large as their own scatter: the mean's variance is (1 +
  // 1/40) / units, 41 / 2 = 20 times what independent rows of that scatter would have.
  constexpr int rows = 20000, rows_per_unit = 40, units = rows / rows_per_unit;
  constexpr double tolerance = 0.14;  // as above
  const double expected = std::sqrt((1.0 + 1.0 / rows_per_unit) / units);

  const Bootstrap bootstrap(normal_rows(2, rows, 0.0, rows_per_unit));

  EXPECT_NEAR(bootstrap.estimate(0, mean).standard_error / expected, 1.0, tolerance);
}

TEST(Bootstrap, IntervalsHoldTheTruthInNineOfTenRepeats) {
  // 200 repeats of ten samples each, of all sizes that tables have. The intervals are
  // independent, so the share that contains the truth scatters by sqrt(0.9 0.1 / 2000)
  // = 0.67 %: the range of 87 to 93 % is 4.5 sigma wide to each side. Percentile
  // intervals are short by sqrt(1 - 1/n) and the normal instead of Student's quantile,
  // 1 % of coverage at n = 64 and 0.4 % on the average, which leaves 3.9 sigma below.
  constexpr double least = 0.87, most = 0.93;
  constexpr int repeats = 200;
  constexpr int sizes[]{64, 100, 150, 200, 250, 300, 350, 400, 450, 500};
  constexpr double truth = 0.3;
  int held = 0, intervals = 0;

  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const int rows : sizes) {
      const auto sums = normal_rows(1000 + intervals, rows, truth);
      const Bootstrap bootstrap(sums, static_cast<std::uint64_t>(intervals), 200);
      held += bootstrap.estimate(0, mean).contains(truth) ? 1 : 0;
      ++intervals;
    }
  }

  const double share = static_cast<double>(held) / intervals;
  EXPECT_GT(share, least);
  EXPECT_LT(share, most);
  RecordProperty("share_of_intervals_that_hold_the_truth", std::to_string(share));
}

TEST(Bootstrap, AllIsTheSumOfTheCells) {
  GroupedSums sums(2, 1);
  sums.count_row(3);
  sums.count_row(4);
  sums.add(0, 3, 0, 2.0);
  sums.add(1, 4, 0, 5.0);

  const Bootstrap bootstrap(sums, 1, 10);

  EXPECT_EQ(bootstrap.all(), 2u);
  EXPECT_EQ(bootstrap.data(2)[0], 7.0);
}

TEST(Bootstrap, OneGroupGivesAValueWithoutAnInterval) {
  GroupedSums sums(1, 2);
  sums.count_row(9);
  sums.add(0, 9, n_count, 1.0);
  sums.add(0, 9, n_sum, 4.0);
  const Bootstrap bootstrap(sums);

  const Estimate estimate = bootstrap.estimate(0, mean);

  EXPECT_EQ(estimate.value, 4.0);
  EXPECT_TRUE(std::isnan(estimate.lower));
  EXPECT_EQ(bootstrap.groups_with(0, n_count), 1u);
  EXPECT_EQ(bootstrap.groups_with(bootstrap.all(), n_count), 1u);
}

TEST(Bootstrap, AnIntervalNeedsNineTenthsOfTheReplicates) {
  const auto from = [](int undefined) {
    std::vector<double> replicates(1000, std::numeric_limits<double>::quiet_NaN());
    for (int k = undefined; k < 1000; ++k) {
      replicates[static_cast<std::size_t>(k)] = k;
    }
    return from_replicates(1.0, replicates);
  };

  EXPECT_TRUE(std::isfinite(from(99).standard_error));
  EXPECT_TRUE(std::isfinite(from(99).lower));
  EXPECT_TRUE(std::isnan(from(101).standard_error));
  EXPECT_TRUE(std::isnan(from(101).lower));
  EXPECT_EQ(from(101).value, 1.0);
}

TEST(Jackknife, GivesTheMeanAndItsStandardErrorInClosedForm) {
  constexpr int rows = 20000;
  // From 512 random groups: 1/sqrt(2 groups) = 3.1 %, four of them.
  constexpr double tolerance = 0.125;
  const double expected = 1.0 / std::sqrt(static_cast<double>(rows));
  const Bootstrap bootstrap(normal_rows(3, rows, 5.0), 1, 2);

  const Estimate estimate = bootstrap.jackknife(0, mean);

  EXPECT_NEAR(estimate.value, 5.0, 4.0 * expected);
  EXPECT_NEAR(estimate.standard_error / expected, 1.0, tolerance);
  EXPECT_NEAR((estimate.upper - estimate.lower) / (2.0 * 1.645 * expected), 1.0,
              tolerance);
  EXPECT_EQ(bootstrap.jackknife(bootstrap.all(), mean).lower, estimate.lower);
}

TEST(Jackknife, IsWiderWhereOneGroupCarriesTheScatter) {
  // One value of 100 among 63 of 0: kurtosis 62, 2 x 64 / 61 = 2.1 degrees of freedom,
  // whose quantile is 2.8.
  GroupedSums sums(1, 2);
  for (std::size_t group = 0; group < 64; ++group) {
    sums.count_row(group);
    sums.add(0, group, n_count, 1.0);
    sums.add(0, group, n_sum, group == 0 ? 100.0 : 0.0);
  }
  const Bootstrap bootstrap(sums, 1, 2);

  const Estimate estimate = bootstrap.jackknife(0, mean);
  const Estimate squared = bootstrap.jackknife(0, mean, squared_share);

  EXPECT_GT(estimate.upper - estimate.value, 2.7 * estimate.standard_error);
  EXPECT_EQ(squared.lower, 0.0);  // a share is not negative
}

TEST(Jackknife, HasNoIntervalWithoutWhatItNeeds) {
  GroupedSums sums(1, 2);
  for (const std::size_t group : {3u, 4u}) {
    sums.count_row(group);
    sums.add(0, group, n_count, 1.0);
  }
  const Bootstrap bootstrap(sums, 1, 2);

  EXPECT_TRUE(std::isnan(bootstrap.jackknife(0, mean).lower));
}

TEST(Wilson, EndsAreWhereTheScoreTestJustRejects) {
  // The interval's definition: shares p that lie 1.645 of their own standard errors
  // from the observed one. To rounding.
  constexpr double rounding = 1.0e-9;
  for (const auto& [k, n] : {std::pair{3, 10}, {50, 100}, {999, 1000}}) {
    const Estimate e = wilson(k, n);
    for (const double p : {e.lower, e.upper}) {
      const double score = (e.value - p) / std::sqrt(p * (1.0 - p) / n);
      EXPECT_NEAR(std::abs(score), 1.6448536269514722, rounding) << k << " of " << n;
    }
  }
  EXPECT_EQ(wilson(0, 10).lower, 0.0);
  EXPECT_EQ(wilson(10, 10).upper, 1.0);
  EXPECT_TRUE(std::isnan(wilson(0, 0).value));
}

TEST(Wilson, CoversTheTruthInNineOfTenRepeats) {
  // Exact coverage at p = 0.3, n = 200, summed over the binomial distribution: within
  // the discreteness of the counts, 1 %, of 90 %.
  constexpr double tolerance = 0.01;
  constexpr int n = 200;
  constexpr double p = 0.3;
  double covered = 0.0;
  for (int k = 0; k <= n; ++k) {
    const double log_probability = std::lgamma(n + 1.0) - std::lgamma(k + 1.0) -
                                   std::lgamma(n - k + 1.0) + k * std::log(p) +
                                   (n - k) * std::log(1.0 - p);
    if (wilson(k, n).contains(p)) covered += std::exp(log_probability);
  }

  EXPECT_NEAR(covered, 0.90, tolerance);
}

}  // namespace
}  // namespace lensmill::analysis
