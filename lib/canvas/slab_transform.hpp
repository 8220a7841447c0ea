#pragma once

#include <fftw3-mpi.h>

#include <complex>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "lib/parallel/communicator.hpp"

namespace lensmill::canvas {

/// A half-open range of rows or columns.
struct Range {
  int begin = 0;
  int end = 0;
  int count() const { return end - begin; }
};

/// A real field [y, x] in single precision, spread over ranks in slabs of rows, and its
/// transform in place by FFTW3-MPI (Frigo & Johnson 2005, Proc. IEEE 93, 216): real to
/// complex with the output left transposed, so that a rank has whole columns of the
/// spectrum and one exchange each way is saved. FFTW_ESTIMATE: one number of ranks
/// always gives the same bits; other numbers give other roundings. Any sizes and any
/// number of ranks: some then have no rows or no columns.
class SlabTransform {
 public:
  /// \collective \throws std::bad_alloc
  SlabTransform(int ny, int nx, const parallel::Communicator& ranks);
  SlabTransform(const SlabTransform&) = delete;
  SlabTransform& operator=(const SlabTransform&) = delete;
  ~SlabTransform();

  int ny() const { return ny_; }
  int nx() const { return nx_; }
  /// This rank's rows of the field, and those of every rank.
  Range rows() const { return rows_; }
  const std::vector<Range>& rows_of_ranks() const { return rows_of_ranks_; }
  /// This rank's columns of the spectrum, of nx / 2 + 1.
  Range columns() const { return columns_; }

  /// Set the field to zero. \independent
  void clear();
  /// Row `y` of the field. \pre rows() has it
  std::span<float> row(int y);
  /// Column `u` of the spectrum, all ny frequencies. \pre columns() has it
  std::span<std::complex<float>> column(int u);

  /// Field to spectrum and back, both unnormalised. \collective
  void forward();
  void inverse();

  /// Bytes that the field takes on the rank that has most of it.
  static double bytes_per_rank(int ny, int nx, int ranks);

 private:
  struct Free {
    void operator()(float* values) const { fftwf_free(values); }
  };
  struct Destroy {
    void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
  };
  using Plan = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, Destroy>;

  int ny_, nx_;
  std::size_t stride_;  ///< floats from a row to the next
  Range rows_, columns_;
  std::vector<Range> rows_of_ranks_;
  std::size_t floats_ = 0;
  std::unique_ptr<float, Free> data_;
  Plan forward_, inverse_;
};

}  // namespace lensmill::canvas
