#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lensmill::config {

/// A name without its unit suffix: `theta_e_arcsec` and `theta_e_pix` -> `theta_e`.
std::string_view without_unit(std::string_view key);

/// What to say about an unknown key: the known key with another unit suffix if there is
/// one (`the unit is part of the name: write theta_e_arcsec`), else the nearest known
/// key
/// (`did you mean ...?`), else the list of known keys.
std::string suggest_key(std::string_view unknown, std::span<const std::string> known);

}  // namespace lensmill::config
