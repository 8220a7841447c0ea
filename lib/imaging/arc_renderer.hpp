#pragma once

#include <memory>
#include <vector>

#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/imaging/ray_samples.hpp"

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

/// Integrates lensed light over pixels, adaptively, split by image kind.
///
/// 1. one ray through every pixel centre; 2. where brightness varies little against the
/// peak and nothing singular is near, centre + Laplacian/24; 3. elsewhere, and in the
/// core, 3 x 3 Gauss per cell; 4. cells whose estimated error (cell_error.hpp) exceeds
/// their share of the tolerance are quartered, and cells next to the singular lens
/// centre until what could hide there is below tolerance. Immutable; one Workspace per
/// rank.
class ArcRenderer {
 public:
  struct Workspace;
  struct WorkspaceDeleter {
    void operator()(Workspace* workspace) const;
  };
  using WorkspacePointer = std::unique_ptr<Workspace, WorkspaceDeleter>;

  /// \throws ConfigError for a lattice that does not fit the deposit.
  explicit ArcRenderer(RenderConfig config);
  ~ArcRenderer();

  const RenderConfig& config() const { return config_; }
  static WorkspacePointer make_workspace();

  /// Render `object` for unit source flux into `out` (buffers reused).
  /// \param core_x_pix, core_y_pix centre of the core aperture, stamp coordinates.
  void render(const LensedSource& object, double core_x_pix, double core_y_pix,
              Workspace& workspace, ArcPlanes& out) const;

 private:
  struct Parts;
  void render_adaptive(const LensedSource& object, double core_x_pix, double core_y_pix,
                       Workspace& workspace, ArcPlanes& out) const;
  RenderConfig config_;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace lensmill::imaging
