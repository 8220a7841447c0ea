#include "lib/imaging/kind_fraction.hpp"

#include <algorithm>
#include <cmath>

namespace lensmill::imaging {

double negative_fraction(double value, double slope_u, double slope_v) {
  const double a = std::abs(slope_u);
  const double b = std::abs(slope_v);
  // Distance of the zero line from the corner with the lowest value, in value units.
  const double depth = 0.5 * (a + b) - value;
  if (depth <= 0.0) return 0.0;
  if (depth >= a + b) return 1.0;
  const double small = std::min(a, b);
  const double large = std::max(a, b);
  if (small < 1.0e-12 * large) return depth / large;
  // Area of a triangle, a trapezium, or the square less a triangle.
  if (depth < small) return depth * depth / (2.0 * small * large);
  if (depth <= large) return (depth - 0.5 * small) / large;
  const double rest = a + b - depth;
  return 1.0 - rest * rest / (2.0 * small * large);
}

KindShares kind_shares(const CellSamples& s, CentralImages central) {
  // Each node stands for a rectangle as wide as its weight; centres and widths on [-1,
  // 1].
  constexpr std::array<double, 3> width{gauss_weight[0], gauss_weight[1],
                                        gauss_weight[2]};
  constexpr std::array<double, 3> centre{-13.0 / 18.0, 0.0, 13.0 / 18.0};
  KindShares shares{};
  for (std::size_t j = 0; j < 3; ++j) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t k = 3 * j + i;
      const std::size_t left = 3 * j + (i == 0 ? 0 : i - 1);
      const std::size_t right = 3 * j + (i == 2 ? 2 : i + 1);
      const std::size_t below = 3 * (j == 0 ? 0 : j - 1) + i;
      const std::size_t above = 3 * (j == 2 ? 2 : j + 1) + i;
      const double slope_x =
          (s.determinant[right] - s.determinant[left]) /
          (gauss_node[i == 2 ? 2 : i + 1] - gauss_node[i == 0 ? 0 : i - 1]);
      const double slope_y =
          (s.determinant[above] - s.determinant[below]) /
          (gauss_node[j == 2 ? 2 : j + 1] - gauss_node[j == 0 ? 0 : j - 1]);
      const double at_centre = s.determinant[k] +
                               slope_x * (centre[i] - gauss_node[i]) +
                               slope_y * (centre[j] - gauss_node[j]);
      const bool all_saddle = central == CentralImages::none && s.trace[k] < 0.0;
      const double saddle =
          all_saddle
              ? 1.0
              : negative_fraction(at_centre, slope_x * width[i], slope_y * width[j]);
      const auto positive =
          s.trace[k] < 0.0 ? lens::ImageKind::maximum : lens::ImageKind::minimum;
      shares[static_cast<std::size_t>(kind_index(lens::ImageKind::saddle))][k] = saddle;
      shares[static_cast<std::size_t>(kind_index(positive))][k] = 1.0 - saddle;
    }
  }
  return shares;
}

}  // namespace lensmill::imaging
