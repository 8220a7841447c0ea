#include "lib/analysis/shapley.hpp"

#include <bit>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

constexpr std::size_t most_players = 16;

}  // namespace

std::vector<double> shapley_values(std::span<const double> value) {
  EXPECT(value.size() >= 2 && std::has_single_bit(value.size()));
  const auto players = static_cast<std::size_t>(std::countr_zero(value.size()));
  EXPECT(players <= most_players);
  // Weight of a subset of k others: k! (n - k - 1)! / n! = 1 / (n choose k) / (n - k).
  std::vector<double> weight(players);
  double choose = 1.0;
  for (std::size_t k = 0; k < players; ++k) {
    const auto rest = static_cast<double>(players - k);
    weight[k] = 1.0 / (choose * rest);
    choose *= rest / static_cast<double>(k + 1);
  }
  std::vector<double> phi(players);
  for (std::size_t subset = 0; subset < value.size(); ++subset) {
    for (std::size_t i = 0; i < players; ++i) {
      const std::size_t bit = std::size_t{1} << i;
      if ((subset & bit) != 0) continue;
      phi[i] += weight[static_cast<std::size_t>(std::popcount(subset))] *
                (value[subset | bit] - value[subset]);
    }
  }
  return phi;
}

}  // namespace lensmill::analysis
