#pragma once

#include <complex>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

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

/// Transforms of images that meet one kernel after the other, kept by whoever keeps the
/// images: clear() when they change. Never changes a bit of a result.
struct ImageSpectra {
  /// One or two real images, scaled, as real and imaginary part.
  struct Pair {
    AlignedVector<std::complex<float>> spectrum;
    double scale_re = 1.0, scale_im = 1.0;
  };
  struct OfSize {
    int fft_ny = 0, fft_nx = 0;
    std::vector<Pair> pairs;
    std::size_t current = 0;  ///< the first so many are of the images that are now
  };
  std::vector<OfSize> sizes;

  void clear() {
    for (OfSize& size : sizes) size.current = 0;
  }
  OfSize& of_size(int fft_ny, int fft_nx);
};

/// Weights over a stamp (side stamp_size_pix) or over the convolution lattice (side
/// lattice().size()), where they weigh the convolved image sampled there: `circle`
/// apertures, against a kernel made with PixelResponse::omit.
enum class WeightsOn { stamp, lattice };

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

/// Apertures and light by kind, for Convolver::adjoint_fluxes.
struct WeightsAndPlanes {
  std::span<const ImageView<const double>> weights;  ///< [r]
  WeightsOn on;
  ImageSpectra& weight_spectra;                     ///< where their transforms are kept
  std::span<const ImageView<const double>> planes;  ///< [k]
  ImageSpectra& plane_spectra;
};

/// Convolution of lattice planes with a PSF, and its adjoint, for one lattice:
///   image[i] = sum_p plane[p] K[i - p + origin],  i at pixel centres,
///   w~[p]    = sum_i w[i] K[i - p + origin],      so that w . image = w~ . plane.
/// Planes made by Deposit::spline meet K's spline coefficients instead of K.
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
  /// \param spectra null, or where the planes' transforms are kept
  virtual void convolve(std::span<const ImageView<const double>> planes,
                        const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                        std::span<const ImageView<float>> stamps,
                        ImageSpectra* spectra = nullptr) const = 0;
  /// w~ of each weight image, on the lattice.
  virtual void adjoint(std::span<const ImageView<const double>> weights, WeightsOn on,
                       const PreparedKernel& kernel, ConvolverWorkspace& workspace,
                       std::span<const ImageView<double>> lattice_weights) const = 0;
  /// flux[r * planes.size() + k] = w~_r . plane_k: what is in aperture r after the PSF
  /// of plane k's light. The FFT operators sum over frequencies (Parseval), the direct
  /// one makes w~.
  virtual void adjoint_fluxes(const WeightsAndPlanes& of, const PreparedKernel& kernel,
                              ConvolverWorkspace& workspace,
                              std::span<double> flux) const = 0;

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
