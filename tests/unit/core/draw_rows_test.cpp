#include "lib/core/draw_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lensmill {
namespace {

constexpr auto tag = StreamTag::self_test;

TEST(DrawRows, AreDifferentAscendingAndOfTheSeed) {
  const auto rows = draw_rows(1000, 100, 3, tag);

  EXPECT_EQ(rows.size(), 100U);
  EXPECT_EQ(std::ranges::adjacent_find(rows, std::ranges::greater_equal()), rows.end());
  EXPECT_GE(rows.front(), 0);
  EXPECT_LT(rows.back(), 1000);
  EXPECT_EQ(rows, draw_rows(1000, 100, 3, tag));
  EXPECT_NE(rows, draw_rows(1000, 100, 4, tag));
}

TEST(DrawRows, AreAllWhereThereAreNoMore) {
  std::vector<std::int64_t> all(20);
  std::iota(all.begin(), all.end(), std::int64_t{0});

  EXPECT_EQ(draw_rows(20, 20, 1, tag), all);
  EXPECT_EQ(draw_rows(20, 1000, 1, tag), all);
  EXPECT_TRUE(draw_rows(0, 5, 1, tag).empty());
  EXPECT_EQ(draw_rows(std::int64_t{1} << 40, 3, 1, tag).size(), 3U);  // no list of all
}

TEST(DrawRows, TakeEveryRowEquallyOften) {
  constexpr int seeds = 4000, rows = 10, wanted = 3;
  std::vector<int> count(rows);
  for (int seed = 0; seed < seeds; ++seed) {
    for (const auto row :
         draw_rows(rows, wanted, static_cast<std::uint64_t>(seed), tag))
      ++count[static_cast<std::size_t>(row)];
  }

  // Binomial; ten rows within five standard deviations but once in 10^5 seeds.
  constexpr double p = double{wanted} / rows;
  const double sigma = std::sqrt(seeds * p * (1.0 - p));
  for (const int n : count) EXPECT_NEAR(n, seeds * p, 5.0 * sigma);
}

}  // namespace
}  // namespace lensmill
