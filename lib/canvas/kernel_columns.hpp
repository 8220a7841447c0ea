#pragma once

#include <fftw3.h>

#include <complex>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "lib/canvas/slab_transform.hpp"
#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::canvas {

/// Whether light was put on the lattice by splines (lib/imaging/spline.hpp), whose
/// response the kernel then undoes.
enum class DepositedBy { points, splines };

/// The spectrum of a small kernel on a wide lattice, column by column as SlabTransform
/// has them: a sum over the kernel's own columns (in double), then one transform along
/// y. It takes no memory of the canvas's size and no exchange between ranks.
class KernelColumns {
 public:
  /// \param ny, nx transform lengths, at least the kernel's sides
  KernelColumns(const psf::LatticeKernel& kernel, int ny, int nx, DepositedBy deposit);

  /// All ny frequencies of column u, divided by ny nx (the transforms' normalisation).
  /// The span is of use until the next call.
  std::span<const std::complex<float>> column(int u);

 private:
  struct Free {
    void operator()(fftwf_complex* values) const { fftwf_free(values); }
  };
  struct Destroy {
    void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
  };

  const psf::LatticeKernel& kernel_;
  int ny_, nx_;
  DepositedBy deposit_;
  std::vector<double> factor_y_;
  std::unique_ptr<fftwf_complex, Free> line_;
  std::unique_ptr<std::remove_pointer_t<fftwf_plan>, Destroy> plan_;
};

/// spectrum of `field` times that of the kernel, in place. \independent
void multiply_by_kernel(const psf::LatticeKernel& kernel, SlabTransform& field);

/// The sum over terms of spectra times their kernels' spectra.
class SpectrumSum {
 public:
  /// sum += spectrum of `field` times that of the kernel. \independent
  void add(const psf::LatticeKernel& kernel, SlabTransform& field);
  /// The sum becomes the spectrum of `field`. \independent
  void put(SlabTransform& field) const;

 private:
  std::vector<std::complex<float>> sum_;
};

}  // namespace lensmill::canvas
