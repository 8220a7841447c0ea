#pragma once

#include <algorithm>
#include <cmath>

#include "lib/imaging/convolver.hpp"

/// \file
/// Planes, kernels and shorthands that the tests of the operators share.

namespace lensmill::imaging {

/// Single-precision transforms of some 10^4 points: a few float epsilons of the largest
/// pixel, measured at most 4e-7.
inline constexpr double float_tolerance = 1.0e-6;

/// Numbers without structure, the same on every machine.
inline double pseudo_random(int k) {
  const double s = std::sin(12.9898 * k + 78.233) * 43758.5453;
  return s - std::floor(s);
}

inline Image<double> random_plane(int side, int seed) {
  Image<double> plane(side, side);
  int k = 1000 * seed;
  for (double& value : plane.pixels()) value = pseudo_random(++k);
  return plane;
}

/// A kernel without any symmetry, origin by the convention (n-1)//2.
inline psf::LatticeKernel random_kernel(int ny, int nx) {
  psf::LatticeKernel kernel;
  kernel.samples.assign(ny, nx);
  int k = 17 * ny + nx;
  for (double& value : kernel.samples.pixels()) value = pseudo_random(++k) / (ny * nx);
  kernel.origin_y = (ny - 1) / 2;
  kernel.origin_x = (nx - 1) / 2;
  return kernel;
}

inline Image<float> convolve_prepared(const Convolver& convolver,
                                      const PreparedKernel& prepared,
                                      ConvolverWorkspace& workspace,
                                      const Image<double>& plane) {
  const int n = convolver.lattice().stamp_size_pix;
  Image<float> stamp(n, n, -1.0f);
  const ImageView<const double> in = plane;
  const ImageView<float> out = stamp;
  convolver.convolve({&in, 1}, prepared, workspace, {&out, 1});
  return stamp;
}

inline Image<float> convolve(const Convolver& convolver,
                             const psf::LatticeKernel& kernel,
                             const Image<double>& plane) {
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver.prepare(kernel, workspace, prepared);
  return convolve_prepared(convolver, prepared, workspace, plane);
}

inline Image<double> adjoint(const Convolver& convolver,
                             const psf::LatticeKernel& kernel,
                             const Image<double>& weights) {
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver.prepare(kernel, workspace, prepared);
  const int side = convolver.lattice().size();
  Image<double> result(side, side, -1.0);
  const ImageView<const double> in = weights;
  const ImageView<double> out = result;
  convolver.adjoint({&in, 1}, WeightsOn::stamp, prepared, workspace, {&out, 1});
  return result;
}

template <class A, class B>
double dot(const Image<A>& a, const Image<B>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a.pixels()[i]) * static_cast<double>(b.pixels()[i]);
  }
  return sum;
}

template <class A, class B>
double worst_difference(const Image<A>& a, const Image<B>& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a.pixels()[i]) -
                                     static_cast<double>(b.pixels()[i])));
  }
  return worst;
}

template <class T>
double largest(const Image<T>& a) {
  double result = 0.0;
  for (T value : a.pixels()) {
    result = std::max(result, std::abs(static_cast<double>(value)));
  }
  return result;
}

}  // namespace lensmill::imaging
