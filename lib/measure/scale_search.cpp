#include "lib/measure/scale_search.hpp"

#include <cmath>

namespace lensmill::measure {
namespace {

constexpr double least_scale = 1.0e-12;
constexpr double greatest_scale = 1.0e12;

}  // namespace

std::optional<double> scale_reaching(double target_snr,
                                     const std::function<double(double)>& squared_snr,
                                     double relative_accuracy) {
  const double target = target_snr * target_snr;
  double low = least_scale;
  double high = greatest_scale;
  if (!(target > 0.0) || !(squared_snr(high) >= target) ||
      !(squared_snr(low) <= target)) {
    return std::nullopt;
  }
  // A secant in the logarithm, kept inside the bracket by bisection.
  double scale = 1.0;
  while (high / low - 1.0 > relative_accuracy) {
    const double value = squared_snr(scale);
    (value < target ? low : high) = scale;
    double next = scale * std::sqrt(target / value);
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(next / scale - 1.0) < relative_accuracy) return next;
    scale = next;
  }
  return scale;
}

}  // namespace lensmill::measure
