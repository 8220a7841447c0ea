#include "lib/parallel/groups.hpp"

#include <algorithm>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::parallel {
namespace {

/// Where this rank stands when ranks are ordered by (node, rank).
int place_by_node(const Communicator& world, int node_leader) {
  const std::int64_t mine = node_leader;
  const auto leaders = world.all_gather(std::span(&mine, 1));
  int place = 0;
  for (int rank = 0; rank < world.size(); ++rank) {
    const auto other = leaders[static_cast<std::size_t>(rank)];
    if (other < mine || (other == mine && rank < world.rank())) ++place;
  }
  return place;
}

}  // namespace

Group make_groups(const Communicator& world, int wanted) {
  EXPECT(wanted >= 0);
  const Communicator node = world.split_by_node();
  int node_leader = world.rank();
  node.broadcast(node_leader);
  const int place = place_by_node(world, node_leader);
  Group group;
  if (wanted == 0) {
    group.count = world.node_count();
    // Nodes in order of their lowest rank.
    const std::int64_t mine = node.is_root() ? node_leader : world.size();
    const auto leaders = world.all_gather(std::span(&mine, 1));
    group.index =
        static_cast<int>(std::count_if(leaders.begin(), leaders.end(), [&](auto other) {
          return other < node_leader;
        }));
  } else {
    group.count = std::min(wanted, world.size());
    group.index = static_cast<int>(std::int64_t{place} * group.count / world.size());
  }
  group.ranks = world.split(group.index, place);
  return group;
}

}  // namespace lensmill::parallel
