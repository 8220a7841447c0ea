#pragma once

#include "lib/parallel/communicator.hpp"

namespace lensmill::parallel {

/// The ranks that write one shard together, and this group's place among the groups.
struct Group {
  Communicator ranks;
  int index = 0;  ///< 0 .. count - 1; group 0 contains the world's rank 0
  int count = 1;
};

/// Divide the world into `wanted` groups of nearly equal size (0: one per node; never
/// more groups than ranks). Ranks of one node are neighbours, so that a group spans as
/// few nodes as possible. \collective \throws IoError
Group make_groups(const Communicator& world, int wanted);

}  // namespace lensmill::parallel
