#pragma once

#include <cstdint>

#include "lib/catalogue/injection.hpp"
#include "lib/catalogue/injection_sampler.hpp"

namespace lensmill::catalogue {

/// The part of the data set that all rows of a host cutout belong to.
Split split_of_host(std::uint64_t seed, std::int64_t host_index,
                    const SplitFractions& fractions);

}  // namespace lensmill::catalogue
