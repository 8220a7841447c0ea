#pragma once

#include "lib/imaging/convolver.hpp"
#include "lib/imaging/fft_plans.hpp"

namespace lensmill::imaging {

/// Where the kernel's origin is put before the transform.
enum class KernelPlacement {
  /// On element (0, 0), the rest wrapped around: convolution. The transform is long
  /// enough
  /// that what wraps around falls where nothing is read.
  origin_at_zero,
  /// The historical defect: the kernel at [0:kh, 0:kw] of an array of the stamp's size,
  /// all
  /// of it shifted by -(N // 2) on both axes; circular. An impulse at (32, 32) comes
  /// out at
  /// (9, 9) for a 19 x 19 kernel and N = 64.
  legacy_ifftshift,
};

/// Convolution by single-precision FFT. Planes are scaled by a power of two before the
/// conversion to float; errors stay within a few 1e-7 of the largest pixel.
class FftConvolver final : public Convolver {
 public:
  FftConvolver(const Lattice& lattice, Deposit deposit, KernelPlacement placement);

  ConvolutionOperator kind() const override;
  void prepare(const psf::LatticeKernel& kernel, ConvolverWorkspace& workspace,
               PreparedKernel& prepared) const override;
  void convolve(std::span<const ImageView<const double>> planes,
                const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                std::span<const ImageView<float>> stamps,
                ImageSpectra* spectra) const override;
  void adjoint(std::span<const ImageView<const double>> weights, WeightsOn on,
               const PreparedKernel& kernel, ConvolverWorkspace& workspace,
               std::span<const ImageView<double>> lattice_weights) const override;
  void adjoint_fluxes(const WeightsAndPlanes& of, const PreparedKernel& kernel,
                      ConvolverWorkspace& workspace,
                      std::span<double> flux) const override;

  /// Transform lengths (y, x) for a kernel.
  std::pair<int, int> fft_size(const psf::LatticeKernel& kernel, int tail) const;

 private:
  FftPlans& plans_for(int ny, int nx, ConvolverWorkspace& workspace) const;
  /// Rows and columns of an image's elements in the field.
  struct Placing {
    int first, step;
  };
  Placing placing(WeightsOn on) const;
  void transform(std::span<const ImageView<const double>> one_or_two, Placing at,
                 FftPlans& plans, ImageSpectra::Pair& out) const;

  KernelPlacement placement_;
};

}  // namespace lensmill::imaging
