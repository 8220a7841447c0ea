#pragma once

#include <array>
#include <string>
#include <vector>

namespace lensmill {

/// Most bands one run may have; fixed, so that per-band values need no allocation.
inline constexpr int max_bands = 8;

/// One value per band, in the order of the config's `bands`; entries past the run's
/// number of bands are unused.
template <class T>
using PerBand = std::array<T, max_bands>;

/// Band names in order, e.g. {"g", "r", "z"}.
using BandNames = std::vector<std::string>;

}  // namespace lensmill
