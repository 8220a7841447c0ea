#include "lib/core/draw_rows.hpp"

#include <algorithm>
#include <unordered_map>

namespace lensmill {

std::vector<std::int64_t> draw_rows(std::int64_t rows, std::int64_t wanted,
                                    std::uint64_t seed, StreamTag tag) {
  // The first places of a Fisher-Yates shuffle; places that still have their own number
  // are not stored.
  std::unordered_map<std::int64_t, std::int64_t> moved;
  const auto number_at = [&](std::int64_t place) {
    const auto at = moved.find(place);
    return at == moved.end() ? place : at->second;
  };
  std::vector<std::int64_t> drawn;
  for (std::int64_t k = 0; k < std::min(wanted, rows); ++k) {
    RandomStream stream(seed, k, tag);
    const auto other = k + static_cast<std::int64_t>(
                               stream.below(static_cast<std::uint64_t>(rows - k)));
    drawn.push_back(number_at(other));
    moved[other] = number_at(k);
  }
  std::ranges::sort(drawn);
  return drawn;
}

}  // namespace lensmill
