#include "lib/parallel/communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "lib/core/errors.hpp"
#include "lib/parallel/groups.hpp"

namespace lensmill::parallel {
namespace {

using testing::ElementsAre;

TEST(Communicator, BroadcastsFromEveryRoot) {
  const Communicator world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    const bool mine = world.rank() == root;
    std::string text = mine ? "from root" : "something longer than that";
    std::vector<double> values =
        mine ? std::vector<double>{1, 2, 3} : std::vector<double>{};
    std::vector<std::string> texts =
        mine ? std::vector<std::string>{"a", "", "ccc"} : std::vector<std::string>{"x"};
    int number = mine ? 42 : 0;

    world.broadcast(text, root);
    world.broadcast(values, root);
    world.broadcast(texts, root);
    world.broadcast(number, root);

    EXPECT_EQ(text, "from root");
    EXPECT_THAT(values, ElementsAre(1, 2, 3));
    EXPECT_THAT(texts, ElementsAre("a", "", "ccc"));
    EXPECT_EQ(number, 42);
  }
}

TEST(Communicator, GathersInOrderOfRank) {
  const Communicator world = Communicator::world();
  // Rank r contributes r values r, so that the lengths differ (rank 0: none).
  const std::vector<std::int64_t> mine(static_cast<std::size_t>(world.rank()),
                                       world.rank());
  std::vector<std::int64_t> expected;
  for (int rank = 0; rank < world.size(); ++rank) {
    expected.insert(expected.end(), static_cast<std::size_t>(rank), rank);
  }

  EXPECT_EQ(world.all_gather(std::span(mine)), expected);
  const auto texts = world.gather("rank " + std::to_string(world.rank()));
  EXPECT_EQ(texts.size(),
            world.is_root() ? static_cast<std::size_t>(world.size()) : 0U);
  if (world.is_root()) {
    EXPECT_EQ(texts.back(), "rank " + std::to_string(world.size() - 1));
  }
}

TEST(Communicator, Reduces) {
  const Communicator world = Communicator::world();
  const std::int64_t n = world.size();
  std::vector<std::int64_t> counts{1, world.rank()};

  world.sum(std::span(counts));

  EXPECT_THAT(counts, ElementsAre(n, n * (n - 1) / 2));
  EXPECT_EQ(world.maximum(std::int64_t{world.rank()}), n - 1);
  EXPECT_EQ(world.minimum(1.0 + world.rank()), 1.0);
  EXPECT_TRUE(world.any(world.rank() == n - 1));
  EXPECT_EQ(world.all(world.is_root()), n == 1);
}

TEST(Communicator, OnlyOneRankThrowingMakesAllThrow) {
  const Communicator world = Communicator::world();
  for (int failing = 0; failing < world.size(); ++failing) {
    try {
      world.agree([&] {
        if (world.rank() >= failing) {
          throw DataError("row " + std::to_string(world.rank()));
        }
      });
      ADD_FAILURE() << "no exception";
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), ExitCode::bad_data);
      EXPECT_EQ(std::string(error.what()), "row " + std::to_string(failing));
    }
    // Nobody is left behind: the next collective step works.
    EXPECT_EQ(world.sum(std::int64_t{1}), world.size());
  }
}

TEST(Communicator, ForeignExceptionsBecomeInternalErrors) {
  const Communicator world = Communicator::world();
  const int last = world.size() - 1;
  ExitCode code = ExitCode::ok;
  try {
    world.agree([&] {
      if (world.rank() == last) throw std::length_error("too long");
    });
  } catch (const Error& error) {
    code = error.exit_code();
  } catch (const std::length_error&) {
    code = world.rank() == last ? ExitCode::internal : ExitCode::ok;
  }
  EXPECT_EQ(code, ExitCode::internal);
}

TEST(Groups, CoverTheWorldEvenly) {
  const Communicator world = Communicator::world();
  for (int wanted = 1; wanted <= world.size() + 1; ++wanted) {
    const Group group = make_groups(world, wanted);

    EXPECT_EQ(group.count, std::min(wanted, world.size()));
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(group.count), 0);
    ++sizes.at(static_cast<std::size_t>(group.index));
    world.sum(std::span(sizes));
    EXPECT_EQ(sizes.at(static_cast<std::size_t>(group.index)), group.ranks.size());
    const auto [smallest, largest] = std::minmax_element(sizes.begin(), sizes.end());
    EXPECT_LE(*largest - *smallest, 1);
    if (world.is_root()) {
      EXPECT_EQ(group.index, 0);
      EXPECT_TRUE(group.ranks.is_root());
    }
    int topology = 0;
    MPI_Topo_test(group.ranks.native(), &topology);
    EXPECT_EQ(topology, MPI_UNDEFINED);
  }
}

TEST(Groups, OnePerNodeByDefault) {
  const Communicator world = Communicator::world();

  const Group group = make_groups(world, 0);

  EXPECT_EQ(group.count, world.node_count());
  EXPECT_EQ(group.ranks.size(), world.split_by_node().size());
}

}  // namespace
}  // namespace lensmill::parallel
