#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalogue/injection_sampler.hpp"

namespace lensmill::pipeline {

/// Below this the mean over the hosts of a part of the data set scatters by more than a
/// third of the scatter between hosts: what is found on it is of these hosts.
inline constexpr std::int64_t few_hosts = 10;

/// One sentence for each part of the data set that is wanted and has fewer hosts than
/// that, of `hosts` cutouts. Rows of one host stay together.
std::vector<std::string> split_warnings(std::uint64_t seed, std::int64_t hosts,
                                        const catalogue::SplitFractions& fractions);

}  // namespace lensmill::pipeline
