#include "lib/measure/snr.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"
#include "lib/core/lanes.hpp"

namespace lensmill::measure {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double least_scale = 1.0e-12;
constexpr double greatest_scale = 1.0e12;
constexpr double relative_accuracy = 1.0e-10;

bool usable(double variance) { return variance > 0.0 && std::isfinite(variance); }

double squared_snr(std::span<const SnrBand> bands, double scale) {
  double sum = 0.0;
  for (const SnrBand& band : bands) {
    const auto arc = band.unit_arc.pixels();
    const auto base = band.base_variance.pixels();
    for (std::size_t k = 0; k < arc.size(); ++k) {
      const double signal = scale * double{arc[k]};
      const double variance =
          double{base[k]} + std::max(signal, 0.0) * band.inverse_gain;
      if (usable(variance)) sum += signal * signal / variance;
    }
  }
  return sum;
}

}  // namespace

double matched_filter_snr(ImageView<const float> signal,
                          ImageView<const float> variance) {
  return std::sqrt(lane_squared_snr(signal.pixels(), variance.pixels()));
}

double aperture_snr(const ApertureWeights& aperture, ImageView<const float> signal,
                    ImageView<const float> variance) {
  double flux = 0.0;
  double noise = 0.0;
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    for (int x = aperture.box.x_begin; x < aperture.box.x_end; ++x) {
      const double v = double{variance(y, x)};
      if (!usable(v)) continue;
      const double w = aperture.weight(y, x);
      flux += w * double{signal(y, x)};
      noise += w * w * v;
    }
  }
  return noise > 0.0 ? flux / std::sqrt(noise) : nan;
}

std::optional<double> scale_for_snr(std::span<const SnrBand> bands, double target_snr) {
  const double target = target_snr * target_snr;
  double low = least_scale;
  double high = greatest_scale;
  if (!(target > 0.0) || !(squared_snr(bands, high) >= target) ||
      !(squared_snr(bands, low) <= target)) {
    return std::nullopt;
  }
  // Strictly increasing: a secant in the logarithm, where the curve lies between slopes
  // 1 and 2, kept inside the bracket by bisection.
  double scale = 1.0;
  while (high / low - 1.0 > relative_accuracy) {
    const double value = squared_snr(bands, scale);
    (value < target ? low : high) = scale;
    double next = scale * std::sqrt(target / value);
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(next / scale - 1.0) < relative_accuracy) return next;
    scale = next;
  }
  return scale;
}

}  // namespace lensmill::measure
