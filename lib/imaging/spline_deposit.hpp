#pragma once

#include <array>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::imaging {

/// Puts light on the convolution lattice with quintic B-spline weights (spline.hpp).
/// Immutable; planes are [lattice.size(), lattice.size()].
class SplineDeposit {
 public:
  explicit SplineDeposit(const Lattice& lattice);

  /// Add the nine samples of a cell; flux in node order.
  void add_cell(const Cell& cell, const std::array<double, samples_per_cell>& flux,
                ImageView<double> plane) const;
  /// Add one point of light at stamp coordinates (x, y).
  void add_point(double x_pix, double y_pix, double flux,
                 ImageView<double> plane) const;

 private:
  static constexpr int most_points = 16;  // oversample 8: three nodes span 6.2 + 6
  /// Weights of three nodes on a common run of lattice points.
  struct AxisWeights {
    int first = 0;  ///< lattice index relative to the pixel's own
    int count = 0;
    std::array<std::array<double, most_points>, 3> weight{};
  };
  AxisWeights axis_weights(double centre_offset_pix, double half_pix) const;
  const AxisWeights& tabulated(int level, int sub, AxisWeights& scratch) const;

  Lattice lattice_;
  std::vector<std::vector<AxisWeights>> table_;  ///< [level][sub]
};

}  // namespace lensmill::imaging
