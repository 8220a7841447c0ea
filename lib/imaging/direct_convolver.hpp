#pragma once

#include "lib/imaging/convolver.hpp"

namespace lensmill::imaging {

/// Convolution by its definition, in double precision: the slow reference that the fast
/// operators are held to. Splines are taken in the plane, not in Fourier space.
class DirectConvolver final : public Convolver {
 public:
  DirectConvolver(const Lattice& lattice, Deposit deposit)
      : Convolver(lattice, deposit) {}

  ConvolutionOperator kind() const override { return ConvolutionOperator::direct; }
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
};

}  // namespace lensmill::imaging
