#include "lib/config/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

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

int edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<int> before_previous(width), previous(width), current(width);
  std::iota(previous.begin(), previous.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substitute = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitute});
      const bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before_previous[j - 2] + 1);
    }
    std::swap(before_previous, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

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
