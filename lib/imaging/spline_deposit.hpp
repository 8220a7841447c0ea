#pragma once

#include <array>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::imaging {

/// Puts light on the convolution lattice with the weights of spline.hpp.
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
  // Oversample 16: three nodes span 24.8 lattice steps, their splines 6 more.
  static constexpr int most_points = 32;
  // The lattice points that the samples of one pixel touch at oversample 1 and 2.
  static constexpr int window = 8;
  /// Weights of three nodes on a common run of lattice points.
  struct AxisWeights {
    int first = 0;  ///< lattice index relative to the pixel's own
    int count = 0;
    std::array<std::array<double, most_points>, 3> weight{};
  };
  using WindowWeights = std::array<double, 3 * window>;  ///< [node][point]
  AxisWeights axis_weights(double centre_offset_pix, double half_pix) const;
  WindowWeights window_weights(double centre_offset_pix, double half_pix) const;
  void add_to_window(const Cell& cell, const std::array<double, samples_per_cell>& flux,
                     ImageView<double> plane) const;
  void add_axes(const AxisWeights& ax, const AxisWeights& ay, const Cell& cell,
                const std::array<double, samples_per_cell>& flux,
                ImageView<double> plane) const;

  Lattice lattice_;
  bool fits_window_ = false;
  int window_first_ = 0;  ///< lattice index relative to the pixel's own
  // [level][sub], the one that is used.
  std::vector<std::vector<WindowWeights>> window_table_;
  std::vector<std::vector<AxisWeights>> axis_table_;
};

}  // namespace lensmill::imaging
