#include "lib/measure/snr.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"
#include "lib/core/lanes.hpp"
#include "lib/measure/scale_search.hpp"

namespace lensmill::measure {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
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

std::array<double, 2> matched_filter_snr(ImageView<const float> one,
                                         ImageView<const float> other,
                                         ImageView<const float> variance) {
  const auto squared =
      lane_squares_over(one.pixels(), other.pixels(), variance.pixels());
  return {std::sqrt(squared[0]), std::sqrt(squared[1])};
}

double total_snr(std::span<const double> by_band) {
  double squares = 0.0;
  bool any = false;
  for (const double snr : by_band) {
    if (std::isnan(snr)) continue;
    squares += snr * snr;
    any = true;
  }
  return any ? std::sqrt(squares) : nan;
}

double aperture_snr(const ApertureWeights& aperture, ImageView<const float> signal,
                    ImageView<const float> variance) {
  double area = 0.0;
  double flux = 0.0;
  double noise = 0.0;
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    for (int x = aperture.box.x_begin; x < aperture.box.x_end; ++x) {
      const double v = double{variance(y, x)};
      if (!usable(v)) continue;
      const double w = aperture.weight(y, x);
      area += w;
      flux += w * double{signal(y, x)};
      noise += w * w * v;
    }
  }
  return area > smallest_area_pix2 && noise > 0.0 ? flux / std::sqrt(noise) : nan;
}

std::optional<double> scale_for_snr(std::span<const SnrBand> bands, double target_snr) {
  return scale_reaching(
      target_snr, [&](double scale) { return squared_snr(bands, scale); },
      relative_accuracy);
}

}  // namespace lensmill::measure
