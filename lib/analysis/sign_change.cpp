#include "lib/analysis/sign_change.hpp"

#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

double sign_change(std::span<const double> x, std::span<const double> y) {
  EXPECT(x.size() == y.size());
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  double place = nan;
  double last_x = nan;
  double last_y = nan;
  for (std::size_t k = 0; k < x.size(); ++k) {
    // An exact 0 leaves the line through its neighbours' signs to decide.
    if (std::isnan(x[k]) || std::isnan(y[k]) || y[k] == 0.0) continue;
    if (last_y * y[k] < 0.0) {
      if (!std::isnan(place)) return nan;
      place = last_x + (x[k] - last_x) * last_y / (last_y - y[k]);
      for (std::size_t j = 0; j < k; ++j) {
        if (x[j] > last_x && y[j] == 0.0) place = x[j];
      }
    }
    last_x = x[k];
    last_y = y[k];
  }
  return place;
}

}  // namespace lensmill::analysis
