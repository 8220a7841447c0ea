#include "lib/measure/core_centroid.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

namespace lensmill::measure {
namespace {

constexpr double window_sigmas = 5.0;
constexpr double converged_pix = 1.0e-7;
// The step shrinks by half or more each time for a window as wide as the kernel.
constexpr int most_steps = 200;

/// One axis of the window: its samples and their weights.
struct Window {
  int first = 0;
  std::vector<double> weight;

  Window(double centre, double sigma, int n) {
    const int low = static_cast<int>(std::floor(centre - window_sigmas * sigma));
    const int high = static_cast<int>(std::ceil(centre + window_sigmas * sigma));
    first = std::clamp(low, 0, n - 1);
    const int last = std::clamp(high, 0, n - 1);
    for (int i = first; i <= last; ++i) {
      const double t = (i - centre) / sigma;
      weight.push_back(std::exp(-0.5 * t * t));
    }
  }
};

}  // namespace

double CoreCentroid::offset_pix() const { return std::hypot(x_pix, y_pix); }

CoreCentroid core_centroid(const psf::LatticeKernel& kernel) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto& samples = kernel.samples;
  double peak = 0.0;
  double flux = 0.0;
  double x = nan;
  double y = nan;
  for (int j = 0; j < samples.ny(); ++j) {
    for (int i = 0; i < samples.nx(); ++i) {
      flux += samples(j, i);
      if (samples(j, i) <= peak) continue;
      peak = samples(j, i);
      x = i;
      y = j;
    }
  }
  if (!(peak > 0.0) || !(flux > 0.0)) return {.x_pix = nan, .y_pix = nan};
  // Gaussian: peak / flux = 1 / (2 pi sigma^2), in samples.
  const double sigma = std::sqrt(flux / (2.0 * std::numbers::pi * peak));
  for (int step = 0; step < most_steps; ++step) {
    const Window wx(x, sigma, samples.nx());
    const Window wy(y, sigma, samples.ny());
    double sum = 0.0;
    double sum_x = 0.0;
    double sum_y = 0.0;
    for (std::size_t b = 0; b < wy.weight.size(); ++b) {
      const int j = wy.first + static_cast<int>(b);
      double line = 0.0;
      double line_x = 0.0;
      for (std::size_t a = 0; a < wx.weight.size(); ++a) {
        const int i = wx.first + static_cast<int>(a);
        const double value = wx.weight[a] * samples(j, i);
        line += value;
        line_x += value * (i - x);
      }
      sum += wy.weight[b] * line;
      sum_x += wy.weight[b] * line_x;
      sum_y += wy.weight[b] * line * (j - y);
    }
    if (!(sum > 0.0)) return {.x_pix = nan, .y_pix = nan};
    x += sum_x / sum;
    y += sum_y / sum;
    if (std::hypot(sum_x, sum_y) <= converged_pix * sum) break;
  }
  return {.x_pix = (x - kernel.origin_x) / kernel.oversample,
          .y_pix = (y - kernel.origin_y) / kernel.oversample};
}

}  // namespace lensmill::measure
