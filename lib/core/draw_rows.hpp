#pragma once

#include <cstdint>
#include <vector>

#include "lib/core/random_stream.hpp"

namespace lensmill {

/// `wanted` of the numbers 0 to rows - 1 without repetition, ascending; all of them if
/// there are no more. Needs memory for those wanted alone.
std::vector<std::int64_t> draw_rows(std::int64_t rows, std::int64_t wanted,
                                    std::uint64_t seed, StreamTag tag);

}  // namespace lensmill
