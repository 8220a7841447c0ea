#pragma once

#include <array>

#include "lib/imaging/cell.hpp"

namespace lensmill::imaging {

/// A disc in stamp pixel coordinates (integer centres).
struct DiscArea {
  double x_pix = 0.0;
  double y_pix = 0.0;
  double radius_pix = 5.0;
};

/// What part of each node's flux lies inside the disc: with the fluxes of the 3 x 3
/// Gauss rule, sum_k share[k] flux[k] is the integral over cell and disc of the
/// biquadratic through the nine samples. 1 for a cell inside, 0 for one outside; single
/// shares of a cell that is cut may be negative or above 1.
std::array<double, samples_per_cell> disc_shares(const Cell& cell,
                                                 const DiscArea& disc);

}  // namespace lensmill::imaging
