#pragma once

#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/cell_batch.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/imaging/ray_samples.hpp"
#include "lib/imaging/render_config.hpp"
#include "lib/imaging/spline_deposit.hpp"

namespace lensmill::imaging {

/// Integrates the pixels that are too rough for their centre's sample: each is a cell
/// with a 3 x 3 Gauss rule; in waves, cells whose estimated error (cell_error.hpp)
/// exceeds their share of the tolerance are quartered, and cells next to the singular
/// lens centre until what could hide there is below tolerance; the others' light goes
/// into the planes, split by image kind. Immutable; one Workspace per rank.
class CellIntegrator {
 public:
  /// \param spline null with Deposit::pixels; it must stay where it is.
  CellIntegrator(const RenderConfig& config, const SplineDeposit* spline)
      : config_(config), spline_(spline) {}

  /// The pixels to integrate, and what is known of each; elsewhere the images hold
  /// nothing of use.
  struct RoughPixels {
    std::vector<Cell> list;       ///< cells of level 0: filled by the caller
    Image<double> pending;        ///< flux of cells not yet accepted
    Image<double> squared_error;  ///< of accepted cells
  };
  struct Workspace {
    RoughPixels rough;
    std::vector<Cell> cells, next;
    CellBatch batch;
    RaySamples scratch;
  };
  /// Adds the rough pixels' light to `out`, which contains the others' already, and
  /// states its error estimates. \param core_x_pix, core_y_pix centre of the core
  /// aperture, stamp coordinates; every pixel that touches the core must be rough.
  void integrate(const LensedSource& object, double core_x_pix, double core_y_pix,
                 Workspace& workspace, ArcPlanes& out) const;

 private:
  RenderConfig config_;
  const SplineDeposit* spline_;
};

}  // namespace lensmill::imaging
