#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lensmill::analysis {

/// Shapley values (Shapley 1953, in Contributions to the Theory of Games II, 307) of a
/// game by exact enumeration:
///   phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)).
/// They add up to v(all) - v(none); players that do the same get the same, one that
/// changes nothing gets 0.
/// \param value v of each subset of the players: bit i of the index is player i. 2^n of
///   them, n from 1 to 16
std::vector<double> shapley_values(std::span<const double> value);

}  // namespace lensmill::analysis
