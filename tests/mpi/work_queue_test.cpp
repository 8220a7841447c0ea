#include "lib/parallel/work_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "lib/core/errors.hpp"

namespace lensmill::parallel {
namespace {

constexpr std::int64_t items = 40;

/// How often each item was handed out, over all groups.
std::vector<std::int64_t> counts(const Communicator& world, const Group& group,
                                 const std::vector<std::int64_t>& mine) {
  std::vector<std::int64_t> result(items, 0);
  if (group.ranks.is_root()) {
    for (const auto item : mine) ++result.at(static_cast<std::size_t>(item));
  }
  world.sum(std::span(result));
  return result;
}

class WorkQueueOf : public testing::TestWithParam<Distribution> {};
INSTANTIATE_TEST_SUITE_P(Distributions, WorkQueueOf,
                         testing::Values(Distribution::dynamic, Distribution::fixed),
                         [](const auto& tested) {
                           return tested.param == Distribution::fixed ? "Fixed"
                                                                      : "Dynamic";
                         });

TEST_P(WorkQueueOf, EveryItemGoesToOneGroup) {
  const Communicator world = Communicator::world();
  for (int wanted = 1; wanted <= world.size(); ++wanted) {
    const Group group = make_groups(world, wanted);
    std::vector<std::int64_t> mine;
    WorkQueue queue(world, group, items, GetParam());
    while (const auto item = queue.next()) mine.push_back(*item);

    EXPECT_FALSE(queue.stopped());
    EXPECT_THAT(counts(world, group, mine), testing::Each(1)) << wanted << " groups";
    // All ranks of a group work on the same items.
    const auto longest = group.ranks.maximum(static_cast<std::int64_t>(mine.size()));
    EXPECT_EQ(static_cast<std::int64_t>(mine.size()), longest);
  }
}

TEST(WorkQueue, ASlowGroupGetsFewerItems) {
  const Communicator world = Communicator::world();
  if (world.size() < 2) GTEST_SKIP() << "needs two groups";
  const Group group = make_groups(world, 2);
  std::int64_t mine = 0;
  {
    WorkQueue queue(world, group, items);
    while (queue.next()) {
      ++mine;
      std::this_thread::sleep_for(std::chrono::milliseconds(group.index == 0 ? 40 : 2));
    }
  }
  const std::int64_t slow = world.maximum(group.index == 0 ? mine : 0);

  EXPECT_LT(slow, items / 2);
  EXPECT_GE(slow, 1);
}

TEST_P(WorkQueueOf, OneRanksRequestStopsAllGroupsAfterTheItemInHand) {
  const Communicator world = Communicator::world();
  const Group group = make_groups(world, world.size());
  const int last = world.size() - 1;
  std::int64_t done = 0;
  WorkQueue queue(world, group, std::int64_t{1} << 40U, GetParam());
  // Without the request this would never end.
  while (queue.next(world.rank() == last && done == 2 ? StopRequest::stop
                                                      : StopRequest::none)) {
    ++done;
  }

  EXPECT_TRUE(queue.stopped());
  EXPECT_EQ(world.sum(std::int64_t{queue.stopped()}), world.size());
  if (world.rank() == last) {
    EXPECT_EQ(done, 2);
  }
}

TEST_P(WorkQueueOf, AnyRanksRequestStopsAllGroups) {
  const Communicator world = Communicator::world();
  for (int groups = 1; groups <= world.size(); ++groups) {
    for (int asking = 0; asking < world.size(); ++asking) {
      const Group group = make_groups(world, groups);
      bool wanted = false;
      WorkQueue queue(world, group, std::int64_t{1} << 40U, GetParam(),
                      [&] { return wanted; });
      std::int64_t done = 0;
      // In the middle of an item; without the request this would never end.
      while (queue.next()) {
        queue.keep_up();
        if (world.rank() == asking && ++done == 2) wanted = true;
        queue.keep_up();
      }

      EXPECT_TRUE(queue.stopped())
          << "rank " << asking << " of " << groups << " groups";
    }
  }
}

// Where items are not shared out on demand, groups that are done wait for the others:
// they can still be asked to stop these.
TEST(WorkQueue, ARequestToAGroupThatHasEndedStopsTheOthers) {
  const Communicator world = Communicator::world();
  if (world.size() < 2) GTEST_SKIP() << "needs two groups";
  constexpr std::int64_t items_each = 1000;
  for (int asking = 0; asking < world.size(); ++asking) {
    const Group group = make_groups(world, world.size());
    const bool is_asking = world.rank() == asking;
    std::int64_t done = 0;
    WorkQueue queue(world, group, items_each * world.size(), Distribution::fixed,
                    [&] { return is_asking && done == items_each; });
    while (queue.next()) {
      ++done;
      if (is_asking) continue;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      queue.keep_up();
    }

    EXPECT_EQ(queue.stopped(), !is_asking);
    EXPECT_EQ(is_asking, done == items_each) << done;
  }
}

// Who ends first must not leave those behind that take longer, nor hang.
TEST(WorkQueue, GroupsThatEndAtDifferentTimesAllMakeTheirItems) {
  const Communicator world = Communicator::world();
  for (int slow = 0; slow < world.size(); ++slow) {
    const Group group = make_groups(world, world.size());
    std::int64_t done = 0;
    WorkQueue queue(world, group, items, Distribution::fixed);
    while (queue.next()) {
      ++done;
      if (world.rank() == slow) {
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
      }
    }

    EXPECT_FALSE(queue.stopped());
    EXPECT_EQ(world.sum(done), items);
  }
}

TEST_P(WorkQueueOf, AGroupThatThrowsEndsAllWithItsError) {
  const Communicator world = Communicator::world();
  const Group group = make_groups(world, 2);
  const int last = group.count - 1;
  try {
    world.agree([&] {
      WorkQueue queue(world, group, std::int64_t{1} << 40U, GetParam());
      while (const auto item = queue.next()) {
        group.ranks.agree([&] {
          const bool failing = group.index == last && group.ranks.is_root();
          if (failing) throw IoError("disk full");
        });
      }
    });
    ADD_FAILURE() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::io);
    EXPECT_STREQ(error.what(), "disk full");
  }
  EXPECT_EQ(world.sum(std::int64_t{1}), world.size());
}

TEST_P(WorkQueueOf, NothingToDoIsFine) {
  const Communicator world = Communicator::world();
  const Group group = make_groups(world, world.size());
  WorkQueue queue(world, group, 0, GetParam());

  EXPECT_EQ(queue.next(), std::nullopt);
  EXPECT_FALSE(queue.stopped());
}

}  // namespace
}  // namespace lensmill::parallel
