#include "lib/analysis/grouped_sums.hpp"

#include "lib/core/contracts.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

// Of the grouping, not of the run: any run's rows are grouped alike.
constexpr std::uint64_t grouping_seed = 1;

}  // namespace

GroupedSums::GroupedSums(std::size_t cells, std::size_t quantities, std::size_t groups)
    : cells_(cells),
      quantities_(quantities),
      groups_(groups),
      state_(groups + cells * groups * quantities * exact_sum_limbs) {
  EXPECT(cells > 0 && quantities > 0 && groups > 0);
}

std::size_t GroupedSums::group_of(std::int64_t unit) const {
  RandomStream stream(grouping_seed, unit, StreamTag::analysis_group);
  return static_cast<std::size_t>(stream.below(groups_));
}

}  // namespace lensmill::analysis
