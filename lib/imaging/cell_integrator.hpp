#pragma once

#include <optional>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/cell_batch.hpp"
#include "lib/imaging/planes.hpp"
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
  explicit CellIntegrator(const RenderConfig& config);

  struct Workspace {
    std::vector<Cell> rough;  ///< the pixels, cells of level 0: filled by the caller
    std::vector<Cell> cells, next;
    CellBatch batch;
    RaySamples scratch;
    // Of the rough pixels; elsewhere the images hold nothing of use.
    Image<double> pending;        ///< flux of cells not yet accepted
    Image<double> squared_error;  ///< of accepted cells
  };
  /// Adds the rough pixels' light to `out`, which holds the others' already, and states
  /// its error estimates.
  /// \param core_x_pix, core_y_pix centre of the core aperture, stamp coordinates;
  /// every pixel that touches the core must be rough.
  void integrate(const LensedSource& object, double core_x_pix, double core_y_pix,
                 Workspace& workspace, ArcPlanes& out) const;

  const SplineDeposit* spline_or_null() const { return spline_ ? &*spline_ : nullptr; }

 private:
  RenderConfig config_;
  std::optional<SplineDeposit> spline_;
};

}  // namespace lensmill::imaging
