#pragma once

#include <span>

namespace lensmill::analysis {

/// Where y(x), joined by straight lines, changes its sign: NaN if it does so nowhere or
/// more than once. Points whose x or y is NaN are left out; a y of 0 between two signs
/// is the place itself. \param x ascending
double sign_change(std::span<const double> x, std::span<const double> y);

}  // namespace lensmill::analysis
