#include "lib/psf/kernel_moments.hpp"

#include <array>
#include <vector>

namespace lensmill::psf {

double sum_of(std::span<const double> values) {
  constexpr std::size_t lanes = 8;
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) sums[k] += values[i + k];
  }
  for (std::size_t k = 0; i + k < values.size(); ++k) sums[k] += values[i + k];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
         ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

KernelMoments moments_of(ImageView<const double> samples, int origin_y, int origin_x,
                         int per_pixel, std::vector<double>& column_sum) {
  column_sum.assign(static_cast<std::size_t>(samples.nx()), 0.0);
  double sum_y = 0.0;
  for (int j = 0; j < samples.ny(); ++j) {
    const auto row = samples.row(j);
    for (std::size_t i = 0; i < row.size(); ++i) column_sum[i] += row[i];
    sum_y += sum_of(row) * (j - origin_y);
  }
  const double sum = sum_of(column_sum);
  double sum_x = 0.0;
  for (std::size_t i = 0; i < column_sum.size(); ++i) {
    sum_x += column_sum[i] * (static_cast<int>(i) - origin_x);
  }
  const double steps = per_pixel;
  return {.sum = sum / (steps * steps),
          .centroid_x_pix = sum_x / (sum * steps),
          .centroid_y_pix = sum_y / (sum * steps)};
}

KernelMoments moments_of(ImageView<const double> samples, int origin_y, int origin_x,
                         int per_pixel) {
  std::vector<double> column_sum;
  return moments_of(samples, origin_y, origin_x, per_pixel, column_sum);
}

void record_moments(LatticeKernel& kernel) {
  std::vector<double> column_sum;
  record_moments(kernel, column_sum);
}

void record_moments(LatticeKernel& kernel, std::vector<double>& column_sum) {
  const KernelMoments moments = moments_of(
      kernel.samples, kernel.origin_y, kernel.origin_x, kernel.oversample, column_sum);
  kernel.sum = moments.sum;
  kernel.point_flux = moments.sum;
  kernel.centroid_x_pix = moments.centroid_x_pix;
  kernel.centroid_y_pix = moments.centroid_y_pix;
}

}  // namespace lensmill::psf
