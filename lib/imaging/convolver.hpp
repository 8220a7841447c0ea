#pragma once

#include <complex>
#include <memory>
#include <span>
#include <string_view>

#include "lib/imaging/planes.hpp"
#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::imaging {

/// Which operation carries light through the PSF.
enum class ConvolutionOperator {
  fft,               ///< linear, single-precision FFT
  direct,            ///< linear, by its definition in double: the slow reference
  legacy_ifftshift,  ///< the historical misplacement, circular: for comparison only
};
std::string_view to_string(ConvolutionOperator op);

/// A kernel made ready for one Convolver: what changes when the PSF changes, and can be
/// kept while it does not.
struct PreparedKernel {
  /// ConvolutionOperator::direct only; for Deposit::spline its spline coefficients.
  psf::LatticeKernel direct;
  AlignedVector<std::complex<float>> spectrum;  ///< [fft_ny, FftPlans::stride()]
  int fft_ny = 0;
  int fft_nx = 0;
};

/// Transforms of weights that meet one kernel after the other (Convolver::adjoint),
/// kept by whoever keeps the weights: clear() when they change.
struct WeightSpectra {
  struct Pair {
    AlignedVector<std::complex<float>> spectrum;
    double scale_re = 1.0, scale_im = 1.0;
  };
  std::vector<Pair> pairs;
  int fft_ny = 0, fft_nx = 0;
  void clear() { pairs.clear(); }
};

/// Plans and buffers of one rank; opaque, grown as needed, never shared between
/// threads.
class ConvolverWorkspace {
 public:
  ConvolverWorkspace();
  ~ConvolverWorkspace();
  ConvolverWorkspace(ConvolverWorkspace&&) noexcept;
  ConvolverWorkspace& operator=(ConvolverWorkspace&&) noexcept;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Convolution of lattice planes with a PSF, and its adjoint, for one lattice:
///   image[i] = sum_p plane[p] K[i - p + origin],  i at pixel centres,
///   w~[p]    = sum_i w[i] K[i - p + origin],      so that w . image = w~ . plane.
/// Planes made by Deposit::spline meet K's quintic spline coefficients instead of K.
/// Light beyond the lattice does not enter. Planes are [y, x], side lattice().size();
/// stamps and weights side lattice().stamp_size_pix. Kernels of any size and parity
/// serve: only the part within reach of the stamp acts (legacy refuses one larger than
/// the stamp). What shares a call with a plane may change its result in the last bits
/// of single precision, no more.
class Convolver {
 public:
  virtual ~Convolver() = default;
  virtual ConvolutionOperator kind() const = 0;
  const Lattice& lattice() const { return lattice_; }

  /// Make `kernel` ready; reuses the buffers of `prepared`.
  /// \throws DataError where the operator cannot take the kernel.
  virtual void prepare(const psf::LatticeKernel& kernel, ConvolverWorkspace& workspace,
                       PreparedKernel& prepared) const = 0;
  /// Convolve each plane into the stamp of the same index.
  virtual void convolve(std::span<const ImageView<const double>> planes,
                        const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                        std::span<const ImageView<float>> stamps) const = 0;
  /// Adjoint of each weight image: stamp weights (side stamp_size_pix) or lattice
  /// weights (side lattice().size(), see circle apertures), told apart by their side,
  /// to lattice weights.
  /// \param spectra null, or where the weights' transforms are kept: the same bits,
  ///   sooner, while the weights are the same
  virtual void adjoint(std::span<const ImageView<const double>> weights,
                       const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                       std::span<const ImageView<double>> lattice_weights,
                       WeightSpectra* spectra = nullptr) const = 0;
  /// The same for weights on all lattice points (side lattice().size()), i.e. on the
  /// convolved image sampled there: `circle` apertures, against a kernel made with
  /// PixelResponse::omit.
  virtual void adjoint_of_lattice(std::span<const ImageView<const double>> lattice_in,
                                  const PreparedKernel& kernel,
                                  ConvolverWorkspace& workspace,
                                  std::span<const ImageView<double>> lattice_weights,
                                  WeightSpectra* spectra = nullptr) const = 0;

  Deposit deposit() const { return deposit_; }

 protected:
  Convolver(const Lattice& lattice, Deposit deposit)
      : lattice_(lattice), deposit_(deposit) {}

 private:
  Lattice lattice_;
  Deposit deposit_;
};

/// \throws ConfigError if the legacy operator is asked for a lattice other than the
/// stamp's own pixels (Deposit::pixels, oversample 1, no margin, no border).
std::unique_ptr<const Convolver> make_convolver(ConvolutionOperator op,
                                                const Lattice& lattice,
                                                Deposit deposit);

}  // namespace lensmill::imaging
