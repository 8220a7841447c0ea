#include "pipeline/archive/kept_so_far.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/seal.hpp"
#include "pipeline/archive/dataset_list.hpp"
#include "pipeline/archive/shard_header.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t block = 1000;

class KeptShards : public testing::Test {
 protected:
  KeptShards() : run_(folder_.path().string(), "run") {
    std::filesystem::create_directories(run_.shards());
  }
  /// A shard of which so many candidates were kept: its header alone.
  void make_shard(std::int64_t index, std::int64_t kept) {
    const ShardHeader header{
        .index = index,
        .rows = {index * block, block},
        .run_rows = 0,
        .identity = {},
        .bands = {"r"},
        .aperture_radius_pix = {5.0},
        .selection = SelectionRecord{.counts = {.candidates = block,
                                                .failed = 1,
                                                .kept = kept,
                                                .outside = {block - 1 - kept}},
                                     .criteria = {"arc_snr"}}};
    const auto bytes = io::hdf5::seal_block_bytes(0);
    auto file = io::hdf5::File::create(run_.shard(index), bytes);
    header.write(file);
    file.close();
    io::hdf5::write_seal(run_.shard(index), bytes, {});
  }
  KeptSoFar look(std::int64_t wanted, std::int64_t shards = 10,
                 double min_acceptance = 0.01) const {
    KeptSoFar kept(run_, {.rows = shards * block, .rows_per_shard = block}, wanted,
                   min_acceptance);
    kept.look();
    return kept;
  }
  const RunFolder& run() const { return run_; }

 private:
  test_support::TemporaryFolder folder_;
  RunFolder run_;
};

TEST_F(KeptShards, RowsCountFromTheFirstShardToTheFirstGap) {
  make_shard(0, 100);
  make_shard(1, 0);
  make_shard(3, 70);

  const auto kept = look(200);

  EXPECT_EQ(kept.rows(), 100);
  EXPECT_FALSE(kept.ended());
  EXPECT_THAT(kept.plan().starts, ElementsAre(0, 100, 100));
  EXPECT_EQ(kept.record().counts.failed, 2);
}

TEST_F(KeptShards, TheRunEndsWithinTheShardOfItsLastRow) {
  make_shard(2, 70);
  make_shard(0, 100);
  make_shard(1, 50);

  const auto kept = look(120);

  EXPECT_TRUE(kept.reached());
  EXPECT_EQ(kept.rows(), 120);
  EXPECT_THAT(kept.plan().starts, ElementsAre(0, 100, 120));
  EXPECT_EQ(kept.plan().rows, 120);
  // Whole shards: those that count.
  EXPECT_EQ(kept.record().counts.candidates, 2 * block);
  EXPECT_EQ(kept.record().counts.kept, 150);
}

TEST_F(KeptShards, ADamagedShardIsAGap) {
  make_shard(0, 100);
  make_shard(1, 100);
  std::filesystem::resize_file(run().shard(0), 700);

  EXPECT_EQ(look(150).rows(), 0);
}

TEST_F(KeptShards, TooFewKeptEndsTheRunWhateverCameLater) {
  make_shard(0, 0);
  make_shard(1, 900);

  // 9 of 1000 is three standard deviations above none.
  EXPECT_FALSE(look(500, 10, 0.009).hopeless());
  const auto kept = look(500, 10, 0.0091);
  EXPECT_TRUE(kept.hopeless());
  EXPECT_FALSE(kept.reached());
  EXPECT_THAT(kept.explanation(),
              HasSubstr("500 rows wanted, but 0 of 1,000 candidates"));
}

TEST_F(KeptShards, AllCandidatesTriedEndsTheRun) {
  make_shard(0, 20);
  make_shard(1, 20);

  EXPECT_TRUE(look(41, 2).hopeless());
  EXPECT_FALSE(look(40, 2).hopeless());
  EXPECT_FALSE(look(41, 3).hopeless());
}

TEST_F(KeptShards, HeadersReadBackTheSame) {
  make_shard(4, 123);

  const auto header = ShardHeader::read(io::hdf5::File::open(run().shard(4)));

  EXPECT_EQ(header.rows, (RowRange{4 * block, block}));
  EXPECT_EQ(header.row_count(), 123);
  ASSERT_TRUE(header.selection);
  EXPECT_THAT(header.selection->criteria, ElementsAre("arc_snr"));
  EXPECT_EQ(to_json(*header.selection),
            R"({"candidates":1000,"failed":1,"kept":123,"outside":{"arc_snr":876}})");
}

TEST(SelectionRecord, RefusesWhatIsNone) {
  for (const char* text : {"", "{}", "[1]", R"({"candidates": "x"})",
                           R"({"candidates":1,"failed":0,"kept":1})"}) {
    EXPECT_THROW(selection_from_json(text, "a.h5"), DataError) << text;
  }
}

TEST(SelectionRecord, IsOneSentence) {
  SelectionRecord record;
  record.counts = {
      .candidates = 4096, .failed = 2, .kept = 412, .outside = {3000, 1024}};
  record.criteria = {"arc_snr.r", "n_images"};

  EXPECT_EQ(to_text(record),
            "412 of 4,096 candidates kept (10.1 %); outside arc_snr.r: 3,000 (73.2 %); "
            "outside n_images: 1,024 (25 %); 2 failed");
}

TEST(ShardPlan, OfASelectionHasBlocksOfAnyLength) {
  const ShardPlan plan{.rows = 9, .rows_per_shard = 100, .starts = {0, 5, 5, 9}};

  EXPECT_EQ(plan.shards(), 3);
  EXPECT_EQ(plan.rows_of(0), (RowRange{0, 5}));
  EXPECT_EQ(plan.rows_of(1), (RowRange{5, 0}));
  EXPECT_EQ(plan.shard_of(4), 0);
  EXPECT_EQ(plan.shard_of(5), 2);
  EXPECT_EQ(plan.shard_of(8), 2);
}

}  // namespace
}  // namespace lensmill::pipeline
