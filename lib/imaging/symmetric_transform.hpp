#pragma once

#include <complex>
#include <memory>
#include <span>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::imaging {

/// Whether the kernel is the same, bit by bit, mirrored on either axis about its
/// origin: that of a round PSF with an odd number of samples.
bool is_mirror_symmetric(const psf::LatticeKernel& kernel);

/// Fourier transform (single precision) of kernels with is_mirror_symmetric: a quarter
/// of the work of a whole one, since rows and columns are real and even, and so are
/// their transforms. Two rows, then two columns, share a complex transform.
class SymmetricTransform {
 public:
  /// \param ny, nx transform lengths, multiples of 4
  SymmetricTransform(int ny, int nx);
  ~SymmetricTransform();
  SymmetricTransform(const SymmetricTransform&) = delete;
  SymmetricTransform& operator=(const SymmetricTransform&) = delete;

  int ny() const { return ny_; }
  int nx() const { return nx_; }

  /// spectrum(ky, kx) = factor_y[ky] factor_x[kx] times the transform of the samples at
  /// most reach_y and reach_x from the origin, which lies on element (0, 0).
  /// \param reach_y, reach_x at least 0 and less than half the length
  /// \param factor_x, factor_y even: f[k] = f[n - k]
  /// \param spectrum [ny, stride], stride >= nx; its last stride - nx columns are left
  void transform(const psf::LatticeKernel& kernel, int reach_y, int reach_x,
                 std::span<const float> factor_y, std::span<const float> factor_x,
                 ImageView<std::complex<float>> spectrum);

 private:
  struct Plans;
  /// Row j of the pairs as real numbers, one a column.
  float* line(AlignedVector<std::complex<float>>& buffer, int j) const;

  int ny_, nx_;
  int pairs_;   ///< pairs of neighbouring columns 0 .. nx / 2
  int stride_;  ///< from one row of the pairs to the next
  AlignedVector<std::complex<float>> row_, row_spectrum_;
  std::vector<float> unused_;
  AlignedVector<std::complex<float>> columns_, column_spectra_;  ///< [ny, stride_]
  std::unique_ptr<Plans> plans_;
};

}  // namespace lensmill::imaging
