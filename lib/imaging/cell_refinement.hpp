#pragma once

#include <vector>

#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/cell_error.hpp"
#include "lib/imaging/ray_samples.hpp"

namespace lensmill::imaging {

/// How deep cells next to a singular lens centre must be cut so that no demagnified
/// counter-image larger than `flux_floor` (unit source flux) can hide between samples.
/// Bounds the brightness that rays from within a few cell sizes can reach by the
/// distance of the source from the image of a small circle about the lens centre.
int forced_level(const LensedSource& object, double pixel_scale_arcsec,
                 double flux_floor, RaySamples& scratch);

/// Evaluates a list of cells: samples, then estimates.
class CellBatch {
 public:
  /// Shoot all samples of `cells` and estimate each cell.
  void evaluate(const std::vector<Cell>& cells, const PixelGrid& grid,
                const LensedSource& object);
  const CellSamples& samples(std::size_t cell) const { return samples_[cell]; }
  const CellEstimate& estimate(std::size_t cell) const { return estimates_[cell]; }
  /// Distance of the cell's centre from the lens centre over the cell's half width.
  double lens_distance(std::size_t cell) const { return lens_distance_[cell]; }

 private:
  RaySamples rays_;
  std::vector<CellSamples> samples_;
  std::vector<CellEstimate> estimates_;
  std::vector<double> lens_distance_;
};

/// Append the four quarters of `cell`.
void quarter(const Cell& cell, std::vector<Cell>& out);

}  // namespace lensmill::imaging
