#include "lib/imaging/direct_convolver.hpp"

#include <algorithm>

#include "lib/core/b_spline.hpp"
#include "lib/core/lanes.hpp"

namespace lensmill::imaging {
namespace {

psf::LatticeKernel spline_kernel(const psf::LatticeKernel& kernel) {
  psf::LatticeKernel result = kernel;
  result.samples = spline_coefficients(kernel.samples, SplineDegree::moms);
  result.origin_y += moms_padding;
  result.origin_x += moms_padding;
  return result;
}

/// The kernel at offset (dy, dx) from its origin; zero outside.
double at_offset(const psf::LatticeKernel& kernel, int dy, int dx) {
  const int j = dy + kernel.origin_y;
  const int i = dx + kernel.origin_x;
  if (j < 0 || j >= kernel.samples.ny() || i < 0 || i >= kernel.samples.nx())
    return 0.0;
  return kernel.samples(j, i);
}

/// out[p] = sum_i in[i] K[(first + i * step) - p + origin].
void correlate(ImageView<const double> in, int first, int step,
               const psf::LatticeKernel& kernel, ImageView<double> out) {
  std::ranges::fill(out.pixels(), 0.0);
  for (int j = 0; j < in.ny(); ++j) {
    for (int i = 0; i < in.nx(); ++i) {
      const double weight = in(j, i);
      if (weight == 0.0) continue;
      for (int y = 0; y < out.ny(); ++y) {
        for (int x = 0; x < out.nx(); ++x) {
          out(y, x) +=
              weight * at_offset(kernel, first + j * step - y, first + i * step - x);
        }
      }
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
        for (int j = 0; j < sum.ny(); ++j) {
          for (int i = 0; i < sum.nx(); ++i) {
            sum(j, i) +=
                light * at_offset(kernel.direct, lattice().index_of_pixel(j) - y,
                                  lattice().index_of_pixel(i) - x);
          }
        }
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

void DirectConvolver::adjoint_fluxes(
    std::span<const ImageView<const double>> weights, WeightsOn on,
    std::span<const ImageView<const double>> planes, const PreparedKernel& kernel,
    ConvolverWorkspace& workspace, ImageSpectra& /*weight_spectra*/,
    ImageSpectra& /*plane_spectra*/, std::span<double> flux) const {
  EXPECT(flux.size() == weights.size() * planes.size());
  Image<double> adjoint_weights(lattice().size(), lattice().size());
  const ImageView<double> out = adjoint_weights.view();
  for (std::size_t r = 0; r < weights.size(); ++r) {
    adjoint(weights.subspan(r, 1), on, kernel, workspace, {&out, 1});
    for (std::size_t k = 0; k < planes.size(); ++k) {
      flux[r * planes.size() + k] =
          lane_dot(std::span<const double>(out.pixels()), planes[k].pixels());
    }
  }
}

}  // namespace lensmill::imaging
