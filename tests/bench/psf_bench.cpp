/// Cost of a PSF per injection: its size, kernel, transform, convolution and adjoint.
#include <benchmark/benchmark.h>

#include "lib/imaging/fft_convolver.hpp"
#include "lib/imaging/spline.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill {
namespace {

constexpr double fwhm_pix = 5.15;  // 1.35 arcsec at 0.262 arcsec per pixel

void size_by_enclosed_energy(benchmark::State& state) {
  const psf::Moffat psf({.fwhm_pix = fwhm_pix}, 2.5);
  for (auto _ : state) {
    benchmark::DoNotOptimize(psf::size_for_enclosed_energy(psf, 0.998));
  }
}
BENCHMARK(size_by_enclosed_energy);

// Arguments: size in pixels, oversample, 100 beta (0: Gaussian), 100 q.
void build_kernel(benchmark::State& state) {
  const int n = int(state.range(0));
  const double q = 0.01 * double(state.range(3));
  const psf::Moffat moffat({.fwhm_pix = fwhm_pix, .q = q},
                           state.range(2) == 0 ? 2.5 : 0.01 * double(state.range(2)));
  const psf::Gaussian gaussian({.fwhm_pix = fwhm_pix, .q = q});
  const psf::PsfFunction& psf =
      state.range(2) == 0 ? static_cast<const psf::PsfFunction&>(gaussian) : moffat;
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  for (auto _ : state) {
    psf::make_lattice_kernel(psf, {.size = {n, n}, .oversample = int(state.range(1))},
                             workspace, kernel);
    benchmark::DoNotOptimize(kernel.samples.data());
  }
}
BENCHMARK(build_kernel)
    ->ArgNames({"size", "oversample", "beta100", "q100"})
    ->Args({61, 1, 250, 100})
    ->Args({61, 1, 350, 100})
    ->Args({61, 1, 310, 100})
    ->Args({61, 1, 0, 100})
    ->Args({61, 2, 250, 100})
    ->Args({61, 1, 250, 80});

struct Setup {
  imaging::Lattice lattice;
  imaging::FftConvolver convolver;
  imaging::ConvolverWorkspace workspace;
  imaging::PreparedKernel prepared;
  psf::LatticeKernel kernel;
  Image<double> plane;
  Image<double> weights{64, 64, 0.5};
  Image<float> stamp{64, 64};

  Setup(int size, int oversample)
      : lattice{.stamp_size_pix = 64, .oversample = oversample, .border = 4},
        convolver(lattice, imaging::Deposit::spline,
                  imaging::KernelPlacement::origin_at_zero),
        kernel(
            psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = fwhm_pix}, 2.5),
                                     {.size = {size, size}, .oversample = oversample})),
        plane(lattice.size(), lattice.size(), 0.25) {
    convolver.prepare(kernel, workspace, prepared);
  }
  void report(benchmark::State& state) const {
    state.counters["fft"] = prepared.fft_ny;
  }
};

void prepare(benchmark::State& state) {
  Setup setup(int(state.range(0)), int(state.range(1)));
  for (auto _ : state) {
    setup.convolver.prepare(setup.kernel, setup.workspace, setup.prepared);
  }
  setup.report(state);
}
void convolve(benchmark::State& state) {
  Setup setup(int(state.range(0)), int(state.range(1)));
  const ImageView<const double> in = setup.plane;
  const ImageView<float> out = setup.stamp;
  for (auto _ : state) {
    setup.convolver.convolve({&in, 1}, setup.prepared, setup.workspace, {&out, 1},
                             nullptr);
  }
  setup.report(state);
}
void adjoint(benchmark::State& state) {
  Setup setup(int(state.range(0)), int(state.range(1)));
  const ImageView<const double> in = setup.weights;
  const ImageView<double> out = setup.plane;
  for (auto _ : state) {
    setup.convolver.adjoint({&in, 1}, imaging::WeightsOn::stamp, setup.prepared,
                            setup.workspace, {&out, 1});
  }
  setup.report(state);
}
#define SIZES                        \
  ->ArgNames({"size", "oversample"}) \
      ->Args({33, 1})                \
      ->Args({51, 1})                \
      ->Args({65, 1})                \
      ->Args({89, 1})                \
      ->Args({51, 2})                \
      ->Args({33, 4})
BENCHMARK(prepare) SIZES;
BENCHMARK(convolve) SIZES;
BENCHMARK(adjoint) SIZES;

}  // namespace
}  // namespace lensmill
