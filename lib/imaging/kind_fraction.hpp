#pragma once

#include <array>

#include "lib/imaging/cell.hpp"
#include "lib/lens/image_kind.hpp"

namespace lensmill::imaging {

/// Area fraction of the square |u| <= 1/2, |v| <= 1/2 in which
/// value + slope_u u + slope_v v < 0.
double negative_fraction(double value, double slope_u, double slope_v);

/// Share of each node's flux that belongs to each kind, [kind index][node]. Where a
/// critical curve crosses the cell, det A is linearised about each node, so the shares
/// are second-order accurate in the cell's size instead of flipping with the node's
/// sign.
/// \param central without central images in the lens, nodes where tr A < 0 are saddles:
///   next to the singular centre det A is far from linear, and its extrapolation would
///   cross zero.
using lens::CentralImages;
using KindShares = std::array<std::array<double, samples_per_cell>, lens::kind_count>;
KindShares kind_shares(const CellSamples& samples, CentralImages central);

}  // namespace lensmill::imaging
