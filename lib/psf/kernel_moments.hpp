#pragma once

#include <span>
#include <vector>

#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::psf {

/// Sum (over the lattice points per pixel^2) and centroid about the origin.
struct KernelMoments {
  double sum = 0.0;
  double centroid_x_pix = 0.0;
  double centroid_y_pix = 0.0;
};

/// Sum of many values in eight running sums: fast, and the same on every machine.
double sum_of(std::span<const double> values);

/// Moments of samples whose origin is (origin_y, origin_x), in steps of 1 / per_pixel.
/// The centroid of a kernel without flux is NaN.
KernelMoments moments_of(ImageView<const double> samples, int origin_y, int origin_x,
                         int per_pixel);
/// The same with a buffer that is reused from call to call.
KernelMoments moments_of(ImageView<const double> samples, int origin_y, int origin_x,
                         int per_pixel, std::vector<double>& column_sum);

/// Set `kernel`'s sum, point_flux and centroid from its samples.
void record_moments(LatticeKernel& kernel);
void record_moments(LatticeKernel& kernel, std::vector<double>& column_sum);

}  // namespace lensmill::psf
