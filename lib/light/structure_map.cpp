#include "lib/light/structure_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/contracts.hpp"
#include "lib/core/gauss_legendre.hpp"

namespace lensmill::light {
namespace {

constexpr double smallest_half_side_pix = 0.5;
constexpr double smallest_block_pix = 4.0;
// Squares at all places relative to the samples: between two of them the quintic spline
// is one polynomial, and the rule is exact.
constexpr double smallest_step_pix = 1.37;
constexpr double points_per_half_side = 2.1;  // where squares are larger than that
constexpr double node = gauss_3.node[2];
// The spline is C4: the rule's error falls with the sixth power below the first level.
constexpr double order = 6.0;
// Half the pixels err by more than the root mean square would have it, cells are not
// squares: a margin that validation on lensed images asks for.
constexpr double safety = 1.5;

struct Points {
  int ny = 0, nx = 0;
  double first = 0.0;
  double step = 1.0;
};

Image<double> squared_errors(ImageView<const double> coefficients, SplineDegree degree,
                             const Points& points, double half_side) {
  const std::array<SplineNode, 3> rule{{{-half_side * node, 5.0 / 18.0},
                                        {0.0, 8.0 / 18.0},
                                        {half_side * node, 5.0 / 18.0}}};
  SplineGrid grid{.ny = points.ny,
                  .nx = points.nx,
                  .first_y = points.first,
                  .first_x = points.first,
                  .step = points.step,
                  .box = 2.0 * half_side};
  Image<double> result = evaluate_spline(coefficients, grid, degree);
  grid.box = 0.0;
  grid.nodes = rule;
  const Image<double> by_rule = evaluate_spline(coefficients, grid, degree);
  for (std::size_t k = 0; k < result.size(); ++k) {
    const double error = by_rule.pixels()[k] - result.pixels()[k];
    result.pixels()[k] = error * error;
  }
  return result;
}

/// Root mean square over blocks of n x n points.
Image<double> rms_of_blocks(const Image<double>& squares, int n) {
  Image<double> result((squares.ny() + n - 1) / n, (squares.nx() + n - 1) / n);
  for (int y = 0; y < squares.ny(); ++y) {
    for (int x = 0; x < squares.nx(); ++x) result(y / n, x / n) += squares(y, x);
  }
  for (double& value : result.pixels()) value = std::sqrt(value / (n * n));
  return result;
}

Image<float> largest_of_neighbours(const Image<double>& blocks) {
  Image<float> result(blocks.ny(), blocks.nx());
  for (int y = 0; y < blocks.ny(); ++y) {
    for (int x = 0; x < blocks.nx(); ++x) {
      double largest = 0.0;
      for (int v = std::max(0, y - 1); v <= std::min(blocks.ny() - 1, y + 1); ++v) {
        for (int u = std::max(0, x - 1); u <= std::min(blocks.nx() - 1, x + 1); ++u) {
          largest = std::max(largest, blocks(v, u));
        }
      }
      result(y, x) = static_cast<float>(safety * largest);
    }
  }
  return result;
}

}  // namespace

StructureMap::StructureMap(ImageView<const double> coefficients, SplineDegree degree) {
  const int ny = coefficients.ny() - 2 * spline_padding;
  const int nx = coefficients.nx() - 2 * spline_padding;
  EXPECT(ny > 0 && nx > 0);
  double half = smallest_half_side_pix;
  bool covered = false;
  while (!covered) {
    // Centres of squares that touch the image, and a block around.
    const double step = std::max(smallest_step_pix, half / points_per_half_side);
    const double block = step * std::ceil(std::max(smallest_block_pix, half) / step);
    const double first = -half - block;
    const auto count = [&](int n) {
      return static_cast<int>(std::ceil((n + 2.0 * (half + block)) / step)) + 1;
    };
    const Points points{count(ny), count(nx), first, step};
    const auto squares = squared_errors(coefficients, degree, points, half);
    const int per_block = static_cast<int>(std::lround(block / step));
    levels_.push_back(
        {.reach_pix = std::sqrt(2.0) * half,
         .first_pix = first - 0.5 * step,
         .block_pix = per_block * step,
         .error = largest_of_neighbours(rms_of_blocks(squares, per_block))});
    covered = 2.0 * half >= std::max(ny, nx);
    half *= 2.0;
  }
}

double StructureMap::Level::at(double x_pix, double y_pix) const {
  const double column = std::floor((x_pix - first_pix) / block_pix);
  const double row = std::floor((y_pix - first_pix) / block_pix);
  if (!(column >= 0.0 && row >= 0.0 && column < error.nx() && row < error.ny())) {
    return 0.0;
  }
  return double{error(static_cast<int>(row), static_cast<int>(column))};
}

double StructureMap::error(double x_pix, double y_pix, double reach_pix) const {
  const auto above =
      std::ranges::lower_bound(levels_, reach_pix, {}, &Level::reach_pix);
  if (above == levels_.begin()) {
    return above->at(x_pix, y_pix) * std::pow(reach_pix / above->reach_pix, order);
  }
  if (above == levels_.end()) {
    // Larger than the image: the largest error there is, if any of it is within reach.
    const Level& last = levels_.back();
    const double beyond = reach_pix - last.reach_pix;
    const double low = last.first_pix - beyond;
    const double high_x = last.first_pix + last.block_pix * last.error.nx() + beyond;
    const double high_y = last.first_pix + last.block_pix * last.error.ny() + beyond;
    const bool sees = x_pix > low && y_pix > low && x_pix < high_x && y_pix < high_y;
    return sees ? double{*std::ranges::max_element(last.error.pixels())} : 0.0;
  }
  const Level& below = *(above - 1);
  const double share = std::log(reach_pix / below.reach_pix) /
                       std::log(above->reach_pix / below.reach_pix);
  const double less = below.at(x_pix, y_pix);
  const double more = above->at(x_pix, y_pix);
  return less > 0.0 ? less * std::pow(more / less, share) : more;
}

std::size_t StructureMap::bytes() const {
  std::size_t sum = 0;
  for (const Level& level : levels_) sum += level.error.size() * sizeof(float);
  return sum;
}

}  // namespace lensmill::light
