#include "lib/psf/stretched_kernel.hpp"

#include <algorithm>
#include <cmath>

namespace lensmill::psf {
namespace {

double sample_at(const Image<double>& samples, double y, double x) {
  const int y0 = static_cast<int>(std::floor(y));
  const int x0 = static_cast<int>(std::floor(x));
  const double fy = y - y0;
  const double fx = x - x0;
  const auto at = [&](int j, int i) {
    const bool inside = j >= 0 && j < samples.ny() && i >= 0 && i < samples.nx();
    return inside ? samples(j, i) : 0.0;
  };
  return (1.0 - fy) * ((1.0 - fx) * at(y0, x0) + fx * at(y0, x0 + 1)) +
         fy * ((1.0 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1));
}

double sum_of(const Image<double>& samples) {
  double sum = 0.0;
  for (const double value : samples.pixels()) sum += value;
  return sum;
}

}  // namespace

LatticeKernel stretched(const LatticeKernel& kernel, double width) {
  LatticeKernel result = kernel;
  const int y_reach =
      static_cast<int>(std::ceil(kernel.samples.ny() * (width - 1.0) / 2.0));
  const int x_reach =
      static_cast<int>(std::ceil(kernel.samples.nx() * (width - 1.0) / 2.0));
  const int grow_y = std::max(y_reach, 0);
  const int grow_x = std::max(x_reach, 0);
  result.samples.assign(kernel.samples.ny() + 2 * grow_y,
                        kernel.samples.nx() + 2 * grow_x, 0.0);
  result.origin_y += grow_y;
  result.origin_x += grow_x;
  for (int y = 0; y < result.samples.ny(); ++y) {
    for (int x = 0; x < result.samples.nx(); ++x) {
      result.samples(y, x) =
          sample_at(kernel.samples, kernel.origin_y + (y - result.origin_y) / width,
                    kernel.origin_x + (x - result.origin_x) / width);
    }
  }
  const double scale = sum_of(kernel.samples) / sum_of(result.samples);
  for (double& value : result.samples.pixels()) value *= scale;
  result.centroid_x_pix *= width;
  result.centroid_y_pix *= width;
  return result;
}

}  // namespace lensmill::psf
