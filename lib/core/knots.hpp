#pragma once

#include <array>

namespace lensmill {

/// Most star-forming knots one source may have; fixed, so that per-knot values need no
/// allocation.
inline constexpr int max_knots = 16;

/// One value per knot of a clumpy source; entries past the row's number are unused.
template <class T>
using PerKnot = std::array<T, max_knots>;

}  // namespace lensmill
