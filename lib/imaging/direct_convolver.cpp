#include "lib/imaging/direct_convolver.hpp"

#include <algorithm>
#include <cstddef>

#include "lib/core/b_spline.hpp"
#include "lib/core/lanes.hpp"
#include "lib/core/multiversion.hpp"

namespace lensmill::imaging {
namespace {

psf::LatticeKernel spline_kernel(const psf::LatticeKernel& kernel) {
  psf::LatticeKernel result = kernel;
  result.samples = spline_coefficients(kernel.samples, SplineDegree::moms);
  result.origin_y += moms_padding;
  result.origin_x += moms_padding;
  return result;
}

/// Outputs p in [begin, end) that see the kernel's samples [0, samples).
struct Seen {
  int begin, end;
};
/// Output p sees sample first + p * step.
Seen seen_upwards(int first, int step, int outputs, int samples) {
  const auto least = [&](int bound) {  // p with first + p * step >= bound
    return first >= bound ? 0 : (bound - first + step - 1) / step;
  };
  return {.begin = least(0), .end = std::min(outputs, least(samples))};
}
/// Output p sees sample first - p.
Seen seen_downwards(int first, int outputs, int samples) {
  return {.begin = std::max(0, first - samples + 1),
          .end = std::min(outputs, first + 1)};
}

// Bits do not depend on the vectors' width: every output has its own sum.
LENSMILL_MULTIVERSION void add_upwards(double weight, const double* from,
                                       double* __restrict out, std::ptrdiff_t n) {
  for (std::ptrdiff_t k = 0; k < n; ++k) out[k] += weight * from[k];
}
LENSMILL_MULTIVERSION void add_downwards(double weight, const double* from,
                                         double* __restrict out, std::ptrdiff_t n) {
  for (std::ptrdiff_t k = 0; k < n; ++k) out[k] += weight * from[-k];
}

/// out[p] += light * K[first + p * step], p on both axes; first: sample of output 0.
void spread(double light, const psf::LatticeKernel& kernel, int first_y, int first_x,
            int step, ImageView<double> out) {
  const Seen rows = seen_upwards(first_y, step, out.ny(), kernel.samples.ny());
  const Seen columns = seen_upwards(first_x, step, out.nx(), kernel.samples.nx());
  if (columns.begin >= columns.end) return;
  const std::ptrdiff_t n = columns.end - columns.begin;
  for (int y = rows.begin; y < rows.end; ++y) {
    const double* from =
        &kernel.samples(first_y + y * step, first_x + columns.begin * step);
    double* to = &out(y, columns.begin);
    if (step == 1) {
      add_upwards(light, from, to, n);
      continue;
    }
    for (std::ptrdiff_t k = 0; k < n; ++k) to[k] += light * from[k * step];
  }
}

/// out[p] += weight * K[first - p], p on both axes; first: sample of output 0.
void gather(double weight, const psf::LatticeKernel& kernel, int first_y, int first_x,
            ImageView<double> out) {
  const Seen rows = seen_downwards(first_y, out.ny(), kernel.samples.ny());
  const Seen columns = seen_downwards(first_x, out.nx(), kernel.samples.nx());
  if (columns.begin >= columns.end) return;
  for (int y = rows.begin; y < rows.end; ++y) {
    add_downwards(weight, &kernel.samples(first_y - y, first_x - columns.begin),
                  &out(y, columns.begin), columns.end - columns.begin);
  }
}

/// out[p] = sum_i in[i] K[(first + i * step) - p + origin].
void correlate(ImageView<const double> in, int first, int step,
               const psf::LatticeKernel& kernel, ImageView<double> out) {
  std::ranges::fill(out.pixels(), 0.0);
  for (int j = 0; j < in.ny(); ++j) {
    for (int i = 0; i < in.nx(); ++i) {
      const double weight = in(j, i);
      if (weight == 0.0) continue;
      gather(weight, kernel, first + j * step + kernel.origin_y,
             first + i * step + kernel.origin_x, out);
    }
  }
}

}  // namespace

void DirectConvolver::prepare(const psf::LatticeKernel& kernel,
                              ConvolverWorkspace& /*workspace*/,
                              PreparedKernel& prepared) const {
  EXPECT(kernel.oversample == lattice().oversample);
  prepared.direct = deposit() == Deposit::spline ? spline_kernel(kernel) : kernel;
}

void DirectConvolver::convolve(std::span<const ImageView<const double>> planes,
                               const PreparedKernel& kernel,
                               ConvolverWorkspace& /*workspace*/,
                               std::span<const ImageView<float>> stamps,
                               ImageSpectra* /*spectra*/) const {
  EXPECT(planes.size() == stamps.size());
  const int side = lattice().size();
  for (std::size_t k = 0; k < planes.size(); ++k) {
    const auto plane = planes[k];
    EXPECT(plane.ny() == side && plane.nx() == side);
    Image<double> sum(stamps[k].ny(), stamps[k].nx());
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double light = plane(y, x);
        if (light == 0.0) continue;
        spread(light, kernel.direct,
               lattice().first_pixel() - y + kernel.direct.origin_y,
               lattice().first_pixel() - x + kernel.direct.origin_x,
               lattice().oversample, sum);
      }
    }
    std::ranges::transform(sum.pixels(), stamps[k].pixels().begin(),
                           [](double value) { return static_cast<float>(value); });
  }
}

void DirectConvolver::adjoint(
    std::span<const ImageView<const double>> weights, WeightsOn on,
    const PreparedKernel& kernel, ConvolverWorkspace& /*workspace*/,
    std::span<const ImageView<double>> lattice_weights) const {
  EXPECT(weights.size() == lattice_weights.size());
  const bool stamp = on == WeightsOn::stamp;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    correlate(weights[k], stamp ? lattice().first_pixel() : 0,
              stamp ? lattice().oversample : 1, kernel.direct, lattice_weights[k]);
  }
}

void DirectConvolver::adjoint_fluxes(const WeightsAndPlanes& of,
                                     const PreparedKernel& kernel,
                                     ConvolverWorkspace& workspace,
                                     std::span<double> flux) const {
  const auto weights = of.weights;
  const auto planes = of.planes;
  EXPECT(flux.size() == weights.size() * planes.size());
  Image<double> adjoint_weights(lattice().size(), lattice().size());
  const ImageView<double> out = adjoint_weights.view();
  for (std::size_t r = 0; r < weights.size(); ++r) {
    adjoint(weights.subspan(r, 1), of.on, kernel, workspace, {&out, 1});
    for (std::size_t k = 0; k < planes.size(); ++k) {
      flux[r * planes.size() + k] =
          lane_dot(std::span<const double>(out.pixels()), planes[k].pixels());
    }
  }
}

}  // namespace lensmill::imaging
