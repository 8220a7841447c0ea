#pragma once

#include "lib/imaging/ray_samples.hpp"

namespace lensmill::imaging {

/// How deep cells next to a singular lens centre must be cut so that no demagnified
/// counter-image larger than `flux_floor` (unit source flux) can hide between samples.
/// Bounds the brightness that rays from within a few cell sizes can reach by the
/// distance of the source from the image of a small circle about the lens centre.
int forced_level(const LensedSource& object, double pixel_scale_arcsec,
                 double flux_floor, RaySamples& scratch);

}  // namespace lensmill::imaging
