#include "lib/analysis/cubic_spline.hpp"

#include <algorithm>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

CubicSplines::CubicSplines(double lower, double upper,
                           std::span<const double> interior) {
  EXPECT(lower < upper);
  knots_.assign(at_once, lower);
  knots_.insert(knots_.end(), interior.begin(), interior.end());
  knots_.insert(knots_.end(), at_once, upper);
  EXPECT(std::ranges::is_sorted(knots_));
}

CubicSplines::Values CubicSplines::at(double x) const {
  x = std::clamp(x, knots_.front(), knots_.back());
  // The interval [knots_[k], knots_[k + 1]) of x, the last one closed.
  const auto above =
      std::upper_bound(knots_.begin() + at_once, knots_.end() - at_once, x);
  const auto k = static_cast<std::size_t>(above - knots_.begin()) - 1;
  Values out{.first = k - (at_once - 1), .value = {1.0, 0.0, 0.0, 0.0}};
  // Degree by degree (Cox - de Boor).
  for (std::size_t degree = 1; degree < at_once; ++degree) {
    double carried = 0.0;
    for (std::size_t r = 0; r < degree; ++r) {
      const double right = knots_[k + 1 + r];
      const double left = knots_[k + 1 + r - degree];
      const double part = out.value[r] / (right - left);
      out.value[r] = carried + (right - x) * part;
      carried = (x - left) * part;
    }
    out.value[degree] = carried;
  }
  return out;
}

}  // namespace lensmill::analysis
