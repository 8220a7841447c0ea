#include "pipeline/session/forecast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lensmill::pipeline {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr double exact = 1e-9;  // sums and products of round numbers

// 3.2e6 rows of 50 kB in 800 shards; 1000 rows/s and rank.
const ShardPlan plan{.rows = 3'200'000, .rows_per_shard = 4000};
RunCost cost() {
  return {.rows_timed = 1000,
          .seconds_per_row = 1e-3,
          .row_bytes = 50'000,
          .memory_bytes = std::int64_t{100} << 20};
}

TEST(Forecast, TimeIsSharedByRanksAndBytesAreNot) {
  const auto f = forecast_run(plan, cost(), 16, 1000.0);

  EXPECT_NEAR(f.compute_seconds, 200.0, exact);
  EXPECT_NEAR(f.bytes, 160e9, exact);
  EXPECT_NEAR(f.shard_bytes, 200e6, exact);
  EXPECT_NEAR(f.shard_seconds, 4.0, exact);
  EXPECT_EQ(f.files, 809);
}

TEST(Forecast, TheSlowerOfRanksAndDiskDecides) {
  EXPECT_NEAR(forecast_run(plan, cost(), 16, 1000.0).seconds, 200.0, exact);
  EXPECT_NEAR(forecast_run(plan, cost(), 16, 100.0).seconds, 1600.0, exact);
  EXPECT_NEAR(forecast_run(plan, cost(), 1600, 1000.0).seconds, 160.0, exact);
}

TEST(Forecast, AShardIsNeverLargerThanTheRun) {
  const auto f = forecast_run({.rows = 10, .rows_per_shard = 4000}, cost(), 1, 100.0);

  EXPECT_NEAR(f.shard_bytes, 500e3, exact);
  EXPECT_EQ(f.files, 10);
}

TEST(ExpectedSelection, IsOfTheSamplesShareInWholeShards) {
  const ShardPlan blocks{.rows = 100'000, .rows_per_shard = 1000};
  const auto expected =
      expect_selection({.candidates = 200, .failed = 0, .kept = 20, .outside = {180}},
                       blocks, 950, 0.01);

  EXPECT_NEAR(expected.acceptance, 0.1, exact);
  // Wilson's interval as statsmodels' proportion_confint(20, 200, method="wilson").
  constexpr double digits = 5e-5;  // of the quoted numbers, and of 1.96 for z
  EXPECT_NEAR(expected.low, 0.0657, digits);
  EXPECT_NEAR(expected.high, 0.1494, digits);
  EXPECT_EQ(expected.plan.rows, 10'000);  // 9,500 candidates
  EXPECT_EQ(expected.plan.rows_per_shard, 1000);
  EXPECT_THAT(to_text(expected, 950, cost()),
              HasSubstr("10,000 candidates in whole shards for 950 rows; 10 ms"));
}

TEST(ExpectedSelection, WithNoneKeptIsTheLeastAllowedAndNeverMoreThanThat) {
  const ShardPlan blocks{.rows = 100'000, .rows_per_shard = 1000};
  const measure::SelectionCounts none{
      .candidates = 200, .failed = 0, .kept = 0, .outside = {200}};

  EXPECT_NEAR(expect_selection(none, blocks, 500, 0.01).acceptance, 0.01, exact);
  EXPECT_EQ(expect_selection(none, blocks, 500, 0.01).plan.rows, 50'000);
  EXPECT_EQ(expect_selection(none, blocks, 5000, 0.01).plan.rows, 100'000);
}

TEST(Forecast, TheTimeLimitHasAMarginAndRoundSteps) {
  // 3200 s expected: 4800 s and 10 min are exactly 90 min.
  EXPECT_EQ(forecast_run(plan, cost(), 1, 1e6).time_limit_minutes, 90);
  // Next to nothing: 10 min begun.
  EXPECT_EQ(forecast_run(plan, cost(), 100'000, 1e6).time_limit_minutes, 20);
  EXPECT_EQ(forecast_run(plan, cost(), 1, 1e6).starts, 1);
}

TEST(Forecast, LongerThanADayIsRequeued) {
  const auto f = forecast_run({.rows = 320'000'000, .rows_per_shard = 4000}, cost(), 1,
                              1e6);  // 320,000 s; 480,600 s with margin

  EXPECT_EQ(f.time_limit_minutes, 24 * 60);
  EXPECT_EQ(f.starts, 6);
  EXPECT_THAT(sbatch_line(f, cost(), 1, {"a", "b"}), HasSubstr("about 6 starts"));
}

TEST(SbatchLine, NamesRanksTimeMemoryAndArguments) {
  const auto line = sbatch_line(forecast_run(plan, cost(), 1, 1e6), cost(), 1,
                                {"c.yaml", "/scratch/RUN", "--set", "run.seed=1"});

  EXPECT_EQ(line,
            "sbatch --ntasks=1 --time=01:30:00 --mem-per-cpu=256M "
            "jobs/regenerate.sbatch c.yaml /scratch/RUN --set run.seed=1");
}

TEST(SbatchLine, MemoryGrowsInSteps) {
  auto large = cost();
  large.memory_bytes = std::int64_t{1000} << 20;  // 1500 MiB with margin

  EXPECT_THAT(sbatch_line(forecast_run(plan, large, 8, 500.0), large, 8, {}),
              HasSubstr("--mem-per-cpu=1536M"));
}

TEST(SbatchLine, WhatAShellWouldUnderstandIsQuoted) {
  const auto line = sbatch_line(forecast_run(plan, cost(), 1, 1e6), cost(), 1,
                                {"my c.yaml", "it's", "", "psf={r: $X}"});

  EXPECT_THAT(line, StartsWith("sbatch "));
  EXPECT_THAT(
      line,
      EndsWith(R"(jobs/regenerate.sbatch 'my c.yaml' 'it'\''s' '' 'psf={r: $X}')"));
}

}  // namespace
}  // namespace lensmill::pipeline
