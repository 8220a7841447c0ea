#pragma once

#include <string_view>

namespace lensmill {

/// Levenshtein distance with adjacent transposition (optimal string alignment).
int edit_distance(std::string_view a, std::string_view b);

}  // namespace lensmill
