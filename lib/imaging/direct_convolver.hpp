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
                std::span<const ImageView<float>> stamps) const override;
  void adjoint(std::span<const ImageView<const double>> weights,
               const PreparedKernel& kernel, ConvolverWorkspace& workspace,
               std::span<const ImageView<double>> lattice_weights,
               WeightSpectra* spectra) const override;
  void adjoint_of_lattice(std::span<const ImageView<const double>> lattice_in,
                          const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                          std::span<const ImageView<double>> lattice_weights,
                          WeightSpectra* spectra) const override;
};

}  // namespace lensmill::imaging
