/// \file
/// What a field's convolution costs beside FFTW3-MPI alone, for docs/scaling.md:
///   mpirun -n 2 field_transform N [REPEATS]
/// An N x N lattice: forward and inverse transform by plain calls of fftwf_mpi, then
/// the same with the multiplication by a kernel's spectrum (65 x 65) in between. Best
/// of REPEATS, the slowest rank's seconds.

#include <fftw3-mpi.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "lib/canvas/kernel_columns.hpp"
#include "lib/canvas/slab_transform.hpp"
#include "lib/parallel/environment.hpp"

namespace {

using namespace lensmill;
using Clock = std::chrono::steady_clock;

template <class Work>
double best_of(int repeats, const parallel::Communicator& world, Work work) {
  double best = 1.0e30;
  for (int k = 0; k < repeats; ++k) {
    world.barrier();
    const auto start = Clock::now();
    work();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, world.maximum(seconds));
  }
  return best;
}

double plain(int n, int repeats, const parallel::Communicator& world) {
  std::ptrdiff_t n0 = 0, start0 = 0, n1 = 0, start1 = 0;
  const auto size = fftwf_mpi_local_size_2d_transposed(n, n / 2 + 1, world.native(),
                                                       &n0, &start0, &n1, &start1);
  float* data = fftwf_alloc_real(static_cast<std::size_t>(2 * size));
  auto* spectrum = reinterpret_cast<fftwf_complex*>(data);
  auto* forward = fftwf_mpi_plan_dft_r2c_2d(n, n, data, spectrum, world.native(),
                                            FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_OUT);
  auto* inverse = fftwf_mpi_plan_dft_c2r_2d(n, n, spectrum, data, world.native(),
                                            FFTW_ESTIMATE | FFTW_MPI_TRANSPOSED_IN);
  std::fill_n(data, 2 * size, 0.0F);
  const double seconds = best_of(repeats, world, [&] {
    fftwf_execute(forward);
    fftwf_execute(inverse);
  });
  fftwf_destroy_plan(forward);
  fftwf_destroy_plan(inverse);
  fftwf_free(data);
  return seconds;
}

psf::LatticeKernel gaussian() {
  constexpr int side = 65;
  psf::LatticeKernel kernel;
  kernel.samples.assign(side, side);
  kernel.origin_y = kernel.origin_x = side / 2;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double r2 = std::pow(y - side / 2, 2) + std::pow(x - side / 2, 2);
      kernel.samples(y, x) = std::exp(-r2 / 8.0) / 25.1;
    }
  }
  return kernel;
}

}  // namespace

int main(int argc, char** argv) {
  parallel::Environment environment(argc, argv);
  const auto& world = environment.world();
  const int n = argc > 1 ? std::atoi(argv[1]) : 4096;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 3;
  const auto kernel = gaussian();
  double with_kernel = 0.0;
  {
    canvas::SlabTransform field(n, n, world);  // sets FFTW's MPI part up
    with_kernel = best_of(repeats, world, [&] {
      field.forward();
      multiply_by_kernel(kernel, field);
      field.inverse();
    });
  }
  const double alone = plain(n, repeats, world);
  if (!world.is_root()) return 0;
  fmt::print(
      "{} x {}, {} ranks: fftwf_mpi alone {:.3f} s, with the kernel {:.3f} s "
      "({:.2f})\n",
      n, n, world.size(), alone, with_kernel, with_kernel / alone);
  return 0;
}
