#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/cell_error.hpp"
#include "lib/imaging/ray_samples.hpp"
#include "lib/lens/image_kind.hpp"

namespace lensmill::imaging {

/// Evaluates a list of cells: samples, then estimates. Buffers are reused.
class CellBatch {
 public:
  /// Shoot all samples of `cells` and estimate each cell.
  void evaluate(std::span<const Cell> cells, const PixelGrid& grid,
                const LensedSource& object);
  /// Brightness at the nine nodes of a cell, 1/arcsec^2.
  std::array<double, samples_per_cell> brightness(std::size_t cell) const;
  /// Kind of the image at the cell's centre.
  lens::ImageKind kind_of_centre(std::size_t cell) const {
    const std::size_t at = 4 * cells_ + cell;
    return lens::kind_of(rays_.determinant()[at], rays_.trace()[at]);
  }
  /// Everything sampled in a cell.
  CellSamples samples(std::size_t cell) const;
  const CellEstimate& estimate(std::size_t cell) const { return estimates_[cell]; }
  /// Distance of the cell's centre from the lens centre over the cell's half width;
  /// infinity where the lens has no singular centre.
  double lens_distance(std::size_t cell) const { return lens_distance_[cell]; }

 private:
  std::size_t cells_ = 0;
  RaySamples rays_;  ///< node k of cell c at [k * cells_ + c]
  AlignedVector<double> x_arcsec_, y_arcsec_, half_arcsec_;
  AlignedVector<double> lens_distance_;
  CellErrorModel errors_;
  std::vector<CellEstimate> estimates_;
};

/// Cells of a wave that are evaluated together: bounds the memory of their samples. No
/// result depends on it.
inline constexpr std::size_t cells_per_batch = 32768;

/// Append the four quarters of `cell`.
void quarter(const Cell& cell, std::vector<Cell>& out);

}  // namespace lensmill::imaging
