#pragma once

#include <complex>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/imaging/symmetric_transform.hpp"

namespace lensmill::imaging {

/// The smallest transform length >= n of those that this FFTW does fast.
int good_fft_size(int n);

/// Shape of one transform: what is put in and what is read out.
struct FftShape {
  int ny = 0, nx = 0;    ///< transform lengths
  int lattice_size = 0;  ///< rows (and columns) put in, from (0, 0)
  int stamp_size = 0;    ///< rows read out for a stamp
  int first_pixel = 0;   ///< lattice index of stamp row 0
  int oversample = 1;    ///< lattice steps per stamp row
  bool operator==(const FftShape&) const = default;
};

/// FFTW plans (single precision, ESTIMATE: the same bits every time) of one shape with
/// their buffers: two real images at a time, as real and imaginary part of one complex
/// one, which on this FFTW takes half the time of two real transforms. Row passes leave
/// out rows that are zero or that are not read.
class FftPlans {
 public:
  explicit FftPlans(const FftShape& shape);
  ~FftPlans();
  FftPlans(const FftPlans&) = delete;
  FftPlans& operator=(const FftPlans&) = delete;

  const FftShape& shape() const { return shape_; }
  /// Elements from one row of field() to the next, more than nx, so that columns do not
  /// all fall into the same places of the cache. What lies between stays zero.
  static int row_stride(int nx);
  int stride() const { return stride_; }
  /// The complex image [ny, stride()], and after a forward transform its spectrum.
  ImageView<std::complex<float>> field() { return {field_.data(), shape_.ny, stride_}; }
  /// Transform field() whole, e.g. a kernel.
  void forward_all();
  /// Transform rows [0, lattice_size) of field(), the others taken as zero.
  void forward_lattice();
  /// The same into `spectrum`, which gets field()'s shape, gaps between rows included;
  /// it is empty before, or from plans of the same shape.
  void forward_lattice(AlignedVector<std::complex<float>>& spectrum);
  /// Inverse transform (not normalised) of the stamp's rows: row first_pixel + i *
  /// oversample of the image comes out in row i of field().
  void backward_stamp();
  /// Inverse transform (not normalised) of rows [0, lattice_size).
  void backward_lattice();

 private:
  struct Plans;
  void forward_lattice(std::complex<float>* spectrum);
  FftShape shape_;
  int stride_;
  AlignedVector<std::complex<float>> field_;
  AlignedVector<std::complex<float>> between_;  ///< the two passes
  std::unique_ptr<Plans> plans_;
};

/// A rank's plans by shape, made when first asked for.
struct ConvolverWorkspace::Impl {
  std::vector<std::unique_ptr<FftPlans>> plans;
  FftPlans& plans_for(const FftShape& shape);
  std::vector<std::unique_ptr<SymmetricTransform>> symmetric;
  SymmetricTransform& symmetric_for(int ny, int nx);
  // Buffers:
  std::vector<float> reals;
  std::vector<std::complex<double>> sums;
  ImageSpectra passing;  ///< of images whose transforms nobody keeps
  /// 1 / (n spline_response) at each of the n frequencies k / n (Deposit::pixels: 1 /
  /// n), the product of two axes' being what a transform there and back needs.
  std::span<const float> inverse_responses(int n, Deposit deposit);

 private:
  struct Responses {
    int n;
    Deposit deposit;
    std::vector<float> inverse;
  };
  std::list<Responses> responses_;  ///< of a list: spans stay good
};

}  // namespace lensmill::imaging
