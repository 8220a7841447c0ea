#pragma once

#include <memory>
#include <span>

#include "lib/imaging/planes.hpp"
#include "lib/imaging/point_light.hpp"
#include "lib/imaging/ray_samples.hpp"
#include "lib/imaging/render_config.hpp"

namespace lensmill::imaging {

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

  /// An arc without any light in `out`, as render() begins: exact.
  void clear(ArcPlanes& out) const;
  /// Add a source's point images, of `share` of its flux, to `out`, which keeps the
  /// other part of what it contains (render() of the rest of the source, or clear()).
  /// Points are put on the lattice where they are; `out` counts them in the pixel, and
  /// in the discs, in which they lie.
  /// \pre Deposit::spline: whole pixels would move a point to its pixel's centre
  void add_points(std::span<const PointLight> points, double share, double core_x_pix,
                  double core_y_pix, ArcPlanes& out) const;

 private:
  struct Parts;
  void render_adaptive(const LensedSource& object, double core_x_pix, double core_y_pix,
                       Workspace& workspace, ArcPlanes& out) const;
  RenderConfig config_;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace lensmill::imaging
