#include "lib/config/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "lib/core/edit_distance.hpp"

namespace lensmill::config {
namespace {

// Longest first, so that `_e_per_nmgy` goes before `_nmgy`.
constexpr std::array<std::string_view, 24> unit_suffixes = {
    "_e_per_nmgy", "_e_per_adu", "_degrees", "_radians", "_arcsecs", "_seconds",
    "_arcmin",     "_arcsec",    "_degree",  "_radian",  "_pixels",  "_pixel",
    "_adu",        "_nmgy",      "_mags",    "_kpc",     "_mas",     "_mag",
    "_deg",        "_rad",       "_pix",     "_dex",     "_px",      "_as"};

/// Suggest only what is plausibly a slip: a third of the letters, at least two.
int distance_limit(std::string_view key) {
  return std::max(2, static_cast<int>(key.size()) / 3);
}

}  // namespace

std::string_view without_unit(std::string_view key) {
  for (const auto suffix : unit_suffixes) {
    if (key.size() > suffix.size() && key.ends_with(suffix)) {
      return key.substr(0, key.size() - suffix.size());
    }
  }
  return key;
}

std::string suggest_key(std::string_view unknown, std::span<const std::string> known) {
  std::vector<std::string_view> same_quantity;
  for (const auto& key : known) {
    if (without_unit(key) == without_unit(unknown)) same_quantity.push_back(key);
  }
  if (!same_quantity.empty()) {
    return fmt::format("the unit is part of the name: write {}",
                       fmt::join(same_quantity, " or "));
  }
  const auto distance = [&](const std::string& key) {
    return edit_distance(unknown, key);
  };
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  if (nearest != known.end() && distance(*nearest) <= distance_limit(unknown)) {
    return fmt::format("did you mean {}?", *nearest);
  }
  if (known.empty()) return "no key is allowed here";
  return fmt::format("known here: {}", fmt::join(known, ", "));
}

}  // namespace lensmill::config
