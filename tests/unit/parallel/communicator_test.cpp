#include "lib/parallel/communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "lib/parallel/groups.hpp"
#include "lib/parallel/work_queue.hpp"

// Without MPI: the null communicator is one rank. With MPI: tests/mpi.
namespace lensmill::parallel {
namespace {

using testing::ElementsAre;

TEST(NullCommunicator, IsOneRankThatIsItsOwnRoot) {
  const Communicator alone = Communicator::world();

  EXPECT_EQ(alone.rank(), 0);
  EXPECT_EQ(alone.size(), 1);
  EXPECT_TRUE(alone.is_root());
  EXPECT_EQ(alone.native(), MPI_COMM_NULL);
  EXPECT_EQ(alone.split(3).size(), 1);
  EXPECT_EQ(alone.node_count(), 1);
}

TEST(NullCommunicator, OperationsReturnWhatTheyWereGiven) {
  const Communicator alone;
  std::string text = "text";
  const std::vector<double> values{1.5, 2.5};

  alone.barrier();
  alone.broadcast(text);
  EXPECT_EQ(text, "text");
  EXPECT_THAT(alone.gather("a"), ElementsAre("a"));
  EXPECT_THAT(alone.all_gather(std::span(values)), ElementsAre(1.5, 2.5));
  EXPECT_EQ(alone.sum(2.5), 2.5);
  EXPECT_EQ(alone.maximum(std::int64_t{-7}), -7);
  EXPECT_TRUE(alone.any(true));
  EXPECT_FALSE(alone.all(false));
}

TEST(NullCommunicator, AgreeRethrowsTheOriginalError) {
  const Communicator alone;

  EXPECT_NO_THROW(alone.agree([] {}));
  EXPECT_THROW(alone.agree([] { throw DataError("bad row"); }), DataError);
}

TEST(WorkQueue, HandsOutAllItemsInOrderToOneGroup) {
  const Communicator alone;
  const Group group = make_groups(alone, 0);
  WorkQueue queue(alone, group, 3);

  EXPECT_EQ(queue.next(), 0);
  EXPECT_EQ(queue.next(), 1);
  EXPECT_EQ(queue.next(), 2);
  EXPECT_EQ(queue.next(), std::nullopt);
  EXPECT_EQ(queue.next(), std::nullopt);
  EXPECT_FALSE(queue.stopped());
}

TEST(WorkQueue, ARequestToStopEndsIt) {
  const Communicator alone;
  const Group group = make_groups(alone, 4);
  WorkQueue queue(alone, group, 3);

  EXPECT_EQ(group.count, 1);
  EXPECT_EQ(queue.next(), 0);
  EXPECT_EQ(queue.next(StopRequest::stop), std::nullopt);
  EXPECT_TRUE(queue.stopped());
}

TEST(WorkQueue, StoppingAfterTheLastItemIsNoInterruption) {
  const Communicator alone;
  const Group group = make_groups(alone, 0);
  WorkQueue queue(alone, group, 1);

  EXPECT_EQ(queue.next(), 0);
  EXPECT_EQ(queue.next(StopRequest::stop), std::nullopt);
  EXPECT_FALSE(queue.stopped());
}

}  // namespace
}  // namespace lensmill::parallel
