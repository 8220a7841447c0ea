#include "lib/canvas/slab_transform.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>

#include "lib/core/contracts.hpp"

namespace lensmill::canvas {
namespace {

/// FFTW's MPI part, set up once for the life of the program.
MPI_Comm ready(const parallel::Communicator& ranks) {
  static const bool once = [] {
    fftwf_mpi_init();
    return true;
  }();
  (void)once;
  return ranks.native() == MPI_COMM_NULL ? MPI_COMM_SELF : ranks.native();
}

fftwf_plan made(fftwf_plan plan) {
  if (plan == nullptr) throw std::runtime_error("FFTW3-MPI could make no plan");
  return plan;
}

}  // namespace

SlabTransform::SlabTransform(int ny, int nx, const parallel::Communicator& ranks)
    : ny_(ny), nx_(nx), stride_(2 * (static_cast<std::size_t>(nx) / 2 + 1)) {
  EXPECT(ny >= 1 && nx >= 1);
  const MPI_Comm comm = ready(ranks);
  std::ptrdiff_t n0 = 0;
  std::ptrdiff_t start0 = 0;
  std::ptrdiff_t n1 = 0;
  std::ptrdiff_t start1 = 0;
  const auto complex_numbers = fftwf_mpi_local_size_2d_transposed(
      ny, nx / 2 + 1, comm, &n0, &start0, &n1, &start1);
  rows_ = {static_cast<int>(start0), static_cast<int>(start0 + n0)};
  columns_ = {static_cast<int>(start1), static_cast<int>(start1 + n1)};
  rows_of_ranks_ = ranks.all_gather(std::span<const Range>(&rows_, 1));
  // A rank without rows needs memory that can be named.
  floats_ = 2 * static_cast<std::size_t>(std::max<std::ptrdiff_t>(complex_numbers, 1));
  ranks.agree([&] {
    data_.reset(fftwf_alloc_real(floats_));
    if (!data_) throw std::bad_alloc();
  });
  auto* spectrum = reinterpret_cast<fftwf_complex*>(data_.get());
  forward_.reset(made(fftwf_mpi_plan_dft_r2c_2d(
      ny, nx, data_.get(), spectrum, comm, FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_OUT)));
  inverse_.reset(made(fftwf_mpi_plan_dft_c2r_2d(
      ny, nx, spectrum, data_.get(), comm, FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_IN)));
  clear();
}

SlabTransform::~SlabTransform() = default;

void SlabTransform::clear() { std::fill_n(data_.get(), floats_, 0.0F); }

std::span<float> SlabTransform::row(int y) {
  EXPECT(y >= rows_.begin && y < rows_.end);
  return {data_.get() + static_cast<std::size_t>(y - rows_.begin) * stride_,
          static_cast<std::size_t>(nx_)};
}

std::span<std::complex<float>> SlabTransform::column(int u) {
  EXPECT(u >= columns_.begin && u < columns_.end);
  const auto length = static_cast<std::size_t>(ny_);
  return {reinterpret_cast<std::complex<float>*>(data_.get()) +
              static_cast<std::size_t>(u - columns_.begin) * length,
          length};
}

void SlabTransform::forward() { fftwf_execute(forward_.get()); }
void SlabTransform::inverse() { fftwf_execute(inverse_.get()); }

double SlabTransform::bytes_per_rank(int ny, int nx, int ranks) {
  // FFTW gives every rank the same whole number of rows, and of columns, but the last.
  const double columns = nx / 2 + 1;
  const double slab = std::ceil(static_cast<double>(ny) / ranks) * columns;
  const double transposed = std::ceil(columns / ranks) * ny;
  return std::max(slab, transposed) * sizeof(std::complex<float>);
}

}  // namespace lensmill::canvas
