#include "pipeline/job/rank_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lensmill::pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

RankTimes rank(int number, std::int64_t rows, double rendering_s) {
  return {.rank = number,
          .host = "node" + std::to_string(number),
          .rows = rows,
          .stages_s = {0.25 * rendering_s, 0.75 * rendering_s},
          .reading_s = 0.5,
          .checksums_s = 0.25,
          .writing_s = 0.25,
          .waiting_s = 1.0,
          .wall_s = rendering_s + 2.0,
          .peak_memory_bytes = 1024};
}

TEST(Efficiency, IsWorkOverWallTimeOfAllRanks) {
  EXPECT_DOUBLE_EQ(efficiency({rank(0, 10, 3.0), rank(1, 10, 7.0)}), 12.0 / 14.0);
  EXPECT_EQ(efficiency({}), 0.0);
}

TEST(Stragglers, NamesThoseFarAboveTheMedianTimePerRow) {
  EXPECT_EQ(stragglers({}), "");
  EXPECT_EQ(stragglers({rank(0, 10, 5.0)}), "");
  // More rows in more time is not slow.
  EXPECT_EQ(stragglers({rank(0, 10, 1.0), rank(1, 100, 10.0), rank(2, 10, 1.4)}), "");

  const auto text = stragglers(
      {rank(0, 10, 1.0), rank(1, 10, 3.0), rank(2, 10, 1.0), rank(3, 0, 0.0)});

  EXPECT_THAT(text, HasSubstr("rank 1 on node1 took 3.0 times the median time per row "
                              "(300.00 ms, median 100.00 ms)"));
  EXPECT_THAT(text, Not(HasSubstr("rank 3")));
}

TEST(Stragglers, BeginAtHalfAsMuchTimeAgainAsTheMedian) {
  const auto text_of = [](double slow_s) {
    return stragglers({rank(0, 10, 1.0), rank(1, 10, slow_s), rank(2, 10, 1.0)});
  };

  EXPECT_EQ(text_of(1.49), "");
  EXPECT_THAT(text_of(1.51), HasSubstr("rank 1 on node1"));
}

TEST(Stragglers, NamesTheSlowestFiveAndCountsTheRest) {
  std::vector<RankTimes> ranks;
  ranks.reserve(20);
  for (int k = 0; k < 20; ++k) ranks.push_back(rank(k, 10, k < 13 ? 1.0 : 2.0 + k));

  const auto text = stragglers(ranks);

  EXPECT_THAT(text, HasSubstr("rank 19"));
  EXPECT_THAT(text, HasSubstr("rank 15"));
  EXPECT_THAT(text, Not(HasSubstr("rank 14")));
  EXPECT_THAT(text, HasSubstr("and 2 more ranks"));
}

TEST(SharesOfTime, AreOfAllRanksTogether) {
  // 10 s of stages, 1 s of reading, 0.5 s each of checksums and writing, 2 s of
  // waiting.
  EXPECT_EQ(shares_of_time({rank(0, 10, 4.0), rank(1, 10, 6.0)}, {"lens", "noise"}),
            "lens 18 %, noise 54 %, reading 7 %, checksums 4 %, writing 4 %, waiting "
            "14 %");
}

TEST(RankLines, AreOneObjectALine) {
  const auto text = rank_lines({rank(0, 10, 4.0), rank(1, 30, 4.0)}, {"lens", "noise"});

  const auto end = text.find('\n');
  const auto second = nlohmann::json::parse(text.substr(end + 1));
  EXPECT_EQ(second.at("host"), "node1");
  EXPECT_EQ(second.at("stages_s").at("noise"), 3.0);
  EXPECT_EQ(second.at("rows_per_s"), 5.0);
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace lensmill::pipeline
