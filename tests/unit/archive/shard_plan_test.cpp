#include "pipeline/archive/shard_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(ShardPlan, CutsRowsIntoBlocksAndAShorterLastOne) {
  const ShardPlan plan{.rows = 1000, .rows_per_shard = 300};

  EXPECT_EQ(plan.shards(), 4);
  EXPECT_EQ(plan.rows_of(0), (RowRange{0, 300}));
  EXPECT_EQ(plan.rows_of(3), (RowRange{900, 100}));
}

TEST(ShardPlan, FullLastShardIsNotFollowedByAnEmptyOne) {
  EXPECT_EQ((ShardPlan{.rows = 600, .rows_per_shard = 300}).shards(), 2);
  EXPECT_EQ((ShardPlan{.rows = 1, .rows_per_shard = 300}).shards(), 1);
}

TEST(RankShare, CoversEveryRowOnceInWholeChecksumBlocks) {
  for (const std::int64_t rows : {1, 63, 64, 65, 500, 4096}) {
    for (const int ranks : {1, 2, 3, 5, 100}) {
      std::int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const RowRange share = rank_share(rows, rank, ranks);

        EXPECT_EQ(share.first, next) << rows << " rows, rank " << rank;
        EXPECT_TRUE(share.first % rows_per_checksum == 0 || share.count == 0);
        next = share.end();
      }
      EXPECT_EQ(next, rows) << ranks << " ranks";
    }
  }
}

TEST(ParseShards, ReadsOneShardOrARange) {
  const ShardPlan plan{.rows = 1000, .rows_per_shard = 10};

  EXPECT_EQ(parse_shards("7", plan), (ShardRange{7, 8}));
  EXPECT_EQ(parse_shards("0-99", plan), (ShardRange{0, 100}));
  EXPECT_EQ(parse_shards("90-119", plan), (ShardRange{90, 100}));
}

TEST(ParseShards, RefusesWhatIsNoRangeOfTheRun) {
  const ShardPlan plan{.rows = 1000, .rows_per_shard = 10};
  for (const auto* text : {"", "a", "1-", "-1", "5-3", "1-2-3", "1.5", " 1"}) {
    EXPECT_THROW(parse_shards(text, plan), UsageError) << text;
  }
  EXPECT_THAT([&] { parse_shards("100", plan); },
              ThrowsMessage<UsageError>(HasSubstr("the run has 100 shards, 0 to 99")));
}

TEST(ShardFileName, SortsByNumber) {
  EXPECT_EQ(shard_file_name(0), "shard-000000.h5");
  EXPECT_EQ(shard_file_name(1234567), "shard-1234567.h5");
}

}  // namespace
}  // namespace lensmill::pipeline
