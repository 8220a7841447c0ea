#pragma once

#include "lib/imaging/planes.hpp"
#include "lib/imaging/ray_samples.hpp"
#include "lib/imaging/render_config.hpp"

namespace lensmill::imaging {

/// The peers' integration: N x N midpoints per pixel, every one with its own image
/// kind. Adds to planes that are zero; `spline` may be null (Deposit::pixels). Misses
/// the accuracy contract (4 x 4 by up to 37 % in core flux); kept for comparison.
void render_fixed(const RenderConfig& config, const LensedSource& object,
                  double core_x_pix, double core_y_pix,
                  const class SplineDeposit* spline, RaySamples& rays, ArcPlanes& out);

}  // namespace lensmill::imaging
