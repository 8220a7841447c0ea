#include "pipeline/job/shard_maker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/archive/read_table.hpp"
#include "pipeline/archive/verify_shards.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/mpi_world.hpp"

namespace lensmill::pipeline {
namespace {

using parallel::Communicator;
using test_support::SharedFolder;
using testing::HasSubstr;

// More than two checksum blocks, the last one short.
constexpr std::int64_t rows = 150;

/// Rows that cannot be read from some row on, as on a rank whose disk fails.
class FailingRows final : public catalogue::Rows {
 public:
  explicit FailingRows(std::int64_t bad_row) : bad_row_(bad_row) {}
  std::int64_t count() const override { return rows; }
  const std::vector<std::string>& given() const override { return good_.given(); }
  catalogue::RowBlock read(std::int64_t first, std::int64_t count) const override {
    if (bad_row_ >= first && bad_row_ < first + count) {
      throw IoError("catalogue.csv: row 120 cannot be read");
    }
    return good_.read(first, count);
  }

 private:
  catalogue::SampledRows good_{rows};
  std::int64_t bad_row_;
};

struct SmallRun {
  explicit SmallRun(const std::string& more_noise = {}) {
    const auto text = test_support::edited(test_support::small_config,
                                           "stamp_size_pix: 64", "stamp_size_pix: 16") +
                      more_noise;
    auto inputs = std::make_shared<stages::Inputs>();
    inputs->rows = std::make_shared<catalogue::SampledRows>(rows);
    setup =
        stages::make_setup(config::read_run_config_text(text, "small.yaml"), inputs);
    provenance.resolved_yaml = text;
  }
  ShardRecipe recipe(const catalogue::Rows& from) const {
    return {.chain = *setup.chain,
            .rows = from,
            .run_rows = rows,
            .identity = {.config_hash = "c",
                         .instruction_level = "l",
                         .build_fingerprint = "b"},
            .provenance = provenance};
  }
  /// Of about half the rows; with room for so many of them in memory.
  ShardRecipe selecting(const catalogue::Rows& from,
                        const measure::Selection& selection,
                        std::int64_t rows_in_memory) const {
    auto all = recipe(from);
    all.selection = &selection;
    all.kept_bytes = static_cast<std::size_t>(rows_in_memory) *
                     ResultBatch(*setup.chain).row_bytes();
    return all;
  }
  stages::Setup setup;
  Provenance provenance;
};

/// The bytes of every dataset of a shard, digests included, by name.
std::map<std::string, std::string> contents(const std::string& path) {
  std::map<std::string, std::string> bytes;
  const auto file = io::hdf5::File::open(path);
  for (const std::string name : {"images", "catalogue", "measurements"}) {
    const auto group = file.open_group(name);
    for (const auto& dataset : group.dataset_names()) {
      const Column column =
          read_column(group, dataset, {0, ShardHeader::read(file).row_count()});
      const auto* data = reinterpret_cast<const char*>(column.bytes().data());
      std::string& all = bytes[name + "/" + dataset];
      all.assign(data, column.bytes().size());
      for (const auto& digest :
           file.read_strings("provenance/sha256/" + name + "/" + dataset)) {
        all += digest;
      }
    }
  }
  return bytes;
}

void expect_same_bytes_alone(const SmallRun& run) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  const catalogue::SampledRows all(rows);
  const std::string together = (folder / "together.h5").string();
  const std::string alone = (folder / "alone.h5").string();

  ShardMaker(world, run.recipe(all)).make(0, {0, rows}, together);
  if (world.is_root()) {
    const Communicator nobody;
    ShardMaker(nobody, run.recipe(all)).make(0, {0, rows}, alone);
  }
  world.barrier();

  EXPECT_EQ(contents(together), contents(alone));
  for (const std::string digest : {"data_digest", "record_digest"}) {
    EXPECT_EQ(io::hdf5::File::open(together).read_string_attribute(digest),
              io::hdf5::File::open(alone).read_string_attribute(digest));
  }
  EXPECT_THAT(shard_problems(together), testing::IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(together + ".partial"));
}

TEST(ShardMaker, AnyNumberOfRanksMakesTheSameBytes) {
  expect_same_bytes_alone(SmallRun());
}

TEST(ShardMaker, AnyNumberOfRanksMakesTheSameCorrelatedNoise) {
  expect_same_bytes_alone(SmallRun(
      "  correlation: {r: {lags: [[0.1, 0.2, 0], [0.3, 1, 0.3], [0, 0.2, 0.1]]}}\n"));
}

TEST(ShardMaker, ASelectionIsTheSameAtAnyNumberOfRanksAndWhateverFitsIntoMemory) {
  const Communicator world = Communicator::world();
  const Communicator nobody;
  const SharedFolder folder(world);
  const SmallRun run;
  const catalogue::SampledRows all(rows);
  const measure::Selection selection(
      run.setup.chain->schema(), {"r"},
      {{.column = "magnification", .interval = {0.0, 4.0}}});
  const std::string alone = (folder / "alone.h5").string();
  if (world.is_root()) {
    ShardMaker(nobody, run.selecting(all, selection, rows)).make(0, {0, rows}, alone);
  }
  world.barrier();
  const auto header = ShardHeader::read(io::hdf5::File::open(alone));
  ASSERT_TRUE(header.selection);
  const std::int64_t kept = header.row_count();
  ASSERT_GT(kept, rows / 4);
  ASSERT_LT(kept, rows - rows / 4);

  for (const std::int64_t room : {rows, std::int64_t{16}}) {
    const std::string together =
        (folder / ("room-" + std::to_string(room) + ".h5")).string();
    ShardMaker maker(world, run.selecting(all, selection, room));
    maker.make(0, {0, rows}, together);
    world.barrier();

    EXPECT_EQ(contents(together), contents(alone));
    EXPECT_EQ(io::hdf5::File::open(together).read_string_attribute("selection"),
              to_json(*header.selection));
    EXPECT_THAT(shard_problems(together), testing::IsEmpty());
    EXPECT_EQ(world.sum(maker.rows_written()), kept);
    // What has no room is rendered again.
    const auto again = world.sum(maker.timings().rows) - rows;
    EXPECT_EQ(again > 0, room < rows) << again << " of room for " << room;
  }
}

TEST(ShardMaker, ARanksErrorReachesAllAndLeavesNothingBehind) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  const SmallRun run;
  const FailingRows failing(120);
  const std::string path = (folder / "shard.h5").string();

  EXPECT_THAT(
      [&] {
        ShardMaker(world, run.recipe(failing)).make(0, {0, rows}, path);
      },
      testing::ThrowsMessage<Error>(HasSubstr("row 120 cannot be read")));
  world.barrier();

  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(ShardMaker, AFolderThatIsNotThereIsSaidByAllRanks) {
  const Communicator world = Communicator::world();
  const SmallRun run;
  const catalogue::SampledRows all(rows);
  ShardMaker maker(world, run.recipe(all));

  EXPECT_THAT(
      [&] {
        maker.make(0, {0, rows}, "/nowhere/shard.h5");
      },
      testing::ThrowsMessage<Error>(HasSubstr("/nowhere/shard.h5.partial")));
}

TEST(RowsInMemory, FitTheBudgetAndAreAtLeastOne) {
  EXPECT_EQ(rows_in_memory(1000, 10500), 10);
  EXPECT_EQ(rows_in_memory(std::size_t{1} << 33U, batch_budget_bytes), 1);
}

}  // namespace
}  // namespace lensmill::pipeline
