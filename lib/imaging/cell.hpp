#pragma once

#include <array>
#include <cstdint>

#include "lib/core/gauss_legendre.hpp"

namespace lensmill::imaging {

/// The rule of a cell, in x and y.
inline constexpr const auto& gauss_node = gauss_3.node;
inline constexpr const auto& gauss_weight = gauss_3.weight;
/// From the outermost nodes to the cell's edge.
inline constexpr double node_to_edge = 1.0 / gauss_node[2];
inline constexpr int samples_per_cell = 9;

/// A square of the image plane that is integrated by one 3 x 3 Gauss rule.
struct Cell {
  double x_pix = 0.0;  ///< centre, stamp coordinates
  double y_pix = 0.0;
  std::int16_t column = 0;  ///< stamp pixel it lies in (may be negative: margin)
  std::int16_t row = 0;
  std::int16_t sub_x = 0;  ///< position among the 2^level cells of the pixel's row
  std::int16_t sub_y = 0;
  std::int16_t level = 0;

  double half_pix() const { return 0.5 / static_cast<double>(1 << level); }
};

/// The nine samples of one cell, node (j, i) at index 3 j + i (y, x).
struct CellSamples {
  std::array<double, samples_per_cell> brightness;
  std::array<double, samples_per_cell> source_x_arcsec;  ///< from the source's centre
  std::array<double, samples_per_cell> source_y_arcsec;
  std::array<double, samples_per_cell> determinant;
  std::array<double, samples_per_cell> trace;
};

}  // namespace lensmill::imaging
