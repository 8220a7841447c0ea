#include "lib/analysis/sign_change.hpp"

#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

double sign_change(std::span<const double> x, std::span<const double> y) {
  EXPECT(x.size() == y.size());
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  double place = nan;
  double zero = nan;  ///< since the last sign
  double last_x = nan;
  double last_y = nan;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (std::isnan(x[k]) || std::isnan(y[k])) continue;
    if (y[k] == 0.0) {
      zero = x[k];
      continue;
    }
    if (last_y * y[k] < 0.0) {
      if (!std::isnan(place)) return nan;
      const double crossing = last_x + (x[k] - last_x) * last_y / (last_y - y[k]);
      place = std::isnan(zero) ? crossing : zero;
    }
    zero = nan;
    last_x = x[k];
    last_y = y[k];
  }
  return place;
}

}  // namespace lensmill::analysis
