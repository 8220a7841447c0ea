#pragma once

#include <optional>

#include "lib/catalogue/priors.hpp"
#include "lib/config/reader.hpp"

namespace lensmill::config {

/// The distribution under a key: a bare number (constant), or a map with exactly one of
/// constant, uniform, normal, lognormal, choice, power_law, histogram. Nothing when the
/// key is absent or wrong (which is reported).
std::optional<catalogue::Sampler> read_sampler(const Section& section,
                                               std::string_view key);

/// The same, and `multiple_of`, `from_host`, `faber_jackson`.
std::optional<catalogue::Prior> read_prior(const Section& section,
                                           std::string_view key);

/// Read `key` as the prior of `quantity` and add it, if the key is given.
/// \return whether the key is given
bool add_prior(const Section& section, std::string_view key,
               const std::string& quantity, catalogue::Priors& priors);

}  // namespace lensmill::config
