#pragma once

#include <vector>

#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::imaging {

/// What the renderer is to do; constant for a run.
struct RenderConfig {
  PixelGrid grid;
  Lattice lattice;
  Deposit deposit = Deposit::spline;
  /// Accuracy contract: worst pixel error over the peak pixel.
  double pixel_tolerance = 1.0e-3;
  /// Accuracy contract: core flux error over max(core flux, 1e-2 of the arc's flux).
  double core_tolerance = 1.0e-3;
  /// 0: adaptive; N: fixed N x N midpoints per pixel, for comparison with peers.
  int supersample = 0;
  /// Radius of the core in pixels: every pixel touching it is integrated, not sampled.
  double core_radius_pix = 5.0;
  /// Radii of ArcPlanes::disc_flux; empty: not computed.
  std::vector<double> disc_radius_pix{};
};

}  // namespace lensmill::imaging
