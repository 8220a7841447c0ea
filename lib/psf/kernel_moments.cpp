#include "lib/psf/kernel_moments.hpp"

namespace lensmill::psf {

KernelMoments moments_of(ImageView<const double> samples, int origin_y, int origin_x,
                         int per_pixel) {
  double sum = 0.0;
  double sum_x = 0.0;
  double sum_y = 0.0;
  for (int j = 0; j < samples.ny(); ++j) {
    double row_sum = 0.0;
    double row_x = 0.0;
    const auto row = samples.row(j);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row_sum += row[i];
      row_x += row[i] * (static_cast<int>(i) - origin_x);
    }
    sum += row_sum;
    sum_x += row_x;
    sum_y += row_sum * (j - origin_y);
  }
  const double steps = per_pixel;
  return {.sum = sum / (steps * steps),
          .centroid_x_pix = sum_x / (sum * steps),
          .centroid_y_pix = sum_y / (sum * steps)};
}

void record_moments(LatticeKernel& kernel) {
  const KernelMoments moments =
      moments_of(kernel.samples, kernel.origin_y, kernel.origin_x, kernel.oversample);
  kernel.sum = moments.sum;
  kernel.centroid_x_pix = moments.centroid_x_pix;
  kernel.centroid_y_pix = moments.centroid_y_pix;
}

}  // namespace lensmill::psf
