#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <vector>

#include "lib/core/random_stream.hpp"
#include "lib/imaging/arc_renderer.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/light/sersic.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/moffat.hpp"

/// \file
/// The parts of one 64 x 64 injection, within the accuracy contract: integration over
/// pixels, a kernel of its own per row, convolution with the adjoint apertures.

namespace lensmill {
namespace {

constexpr int stencil_border = 4;
constexpr imaging::Lattice lattice{.stamp_size_pix = 64, .border = stencil_border};

/// A population like configs/parity_table.yaml: theta_E 0.5-2.5", beta about 0.6
/// theta_E, R_eff 0.2-0.5".
struct Population {
  std::vector<lens::LensModel> lenses;
  std::vector<light::Sersic> sources;
  std::vector<imaging::LensedSource> objects;

  explicit Population(double sersic_n, int count = 200) {
    for (int i = 0; i < count; ++i) {
      RandomStream draw(1, i, StreamTag::self_test);
      lenses.emplace_back(lens::LensParams{.theta_e_arcsec = 0.5 + 2.0 * draw.uniform(),
                                           .q = 0.6 + 0.4 * draw.uniform(),
                                           .phi_rad = 3.0 * draw.uniform(),
                                           .shear_g1 = 0.02 * draw.normal(),
                                           .shear_g2 = 0.02 * draw.normal()});
      sources.emplace_back(
          light::SersicParams{.reff_arcsec = 0.2 + 0.3 * draw.uniform(),
                              .sersic_n = sersic_n,
                              .q = 0.4 + 0.6 * draw.uniform(),
                              .phi_rad = 3.0 * draw.uniform()});
      const double beta = 0.8 * draw.uniform() * lenses.back().params().theta_e_arcsec;
      const double angle = 6.28 * draw.uniform();
      objects.push_back({.src_x_arcsec = beta * std::cos(angle),
                         .src_y_arcsec = beta * std::sin(angle)});
    }
    for (std::size_t i = 0; i < objects.size(); ++i) {
      objects[i].lens = &lenses[i];
      objects[i].source = &sources[i];
    }
  }
};

void render_arc(benchmark::State& state) {
  const Population population(static_cast<double>(state.range(0)) / 10.0);
  const imaging::ArcRenderer renderer(
      {.grid = {}, .lattice = lattice, .disc_radius_pix = {}});
  const auto workspace = imaging::ArcRenderer::make_workspace();
  imaging::ArcPlanes planes;
  std::size_t next = 0;
  double evaluations = 0.0;

  for (auto _ : state) {
    renderer.render(population.objects[next++ % population.objects.size()], 31.5, 31.5,
                    *workspace, planes);
    evaluations += static_cast<double>(planes.evaluations);
    benchmark::DoNotOptimize(planes.total_flux);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["evaluations"] =
      benchmark::Counter(evaluations, benchmark::Counter::kAvgIterations);
}
BENCHMARK(render_arc)->ArgName("10_n")->Arg(10)->Arg(40)->Unit(benchmark::kMicrosecond);

psf::LatticeKernel make_kernel(double fwhm_pix,
                               psf::FunctionKernelWorkspace& workspace) {
  psf::LatticeKernel kernel;
  psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = fwhm_pix}, 3.5),
                           {.size = {.ny = 49, .nx = 49}}, workspace, kernel);
  return kernel;
}

void kernel_per_row(benchmark::State& state) {
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  double fwhm_pix = 4.5;
  for (auto _ : state) {
    fwhm_pix = fwhm_pix > 6.0 ? 4.5 : fwhm_pix + 0.01;
    psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = fwhm_pix}, 3.5),
                             {.size = {.ny = 49, .nx = 49}}, workspace, kernel);
    benchmark::DoNotOptimize(kernel.sum);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(kernel_per_row)->Unit(benchmark::kMicrosecond);

/// Two planes (arc, counter-image), their flux in two apertures, and, where the PSF
/// changes per row, the kernel's transform.
void convolve(benchmark::State& state) {
  const bool own_kernel = state.range(0) == 1;
  const auto convolver = imaging::make_convolver(imaging::ConvolutionOperator::fft,
                                                 lattice, imaging::Deposit::spline);
  imaging::ConvolverWorkspace workspace;
  imaging::PreparedKernel prepared;
  psf::FunctionKernelWorkspace kernel_workspace;
  const auto kernel = make_kernel(5.0, kernel_workspace);
  convolver->prepare(kernel, workspace, prepared);
  const Image<double> plane(lattice.size(), lattice.size(), 1.0);
  const Image<double> weight(64, 64, 1.0);
  std::array<Image<float>, 2> stamp{Image<float>(64, 64), Image<float>(64, 64)};
  const std::array<ImageView<const double>, 2> planes{plane.view(), plane.view()};
  const std::array<ImageView<const double>, 2> weights{weight.view(), weight.view()};
  const std::array<ImageView<float>, 2> stamps{stamp[0].view(), stamp[1].view()};
  imaging::ImageSpectra weight_spectra;  // kept from row to row, as the stage does
  std::array<double, 4> flux{};

  for (auto _ : state) {
    imaging::ImageSpectra plane_spectra;
    if (own_kernel) convolver->prepare(kernel, workspace, prepared);
    convolver->convolve(planes, prepared, workspace, stamps, &plane_spectra);
    convolver->adjoint_fluxes(
        {weights, imaging::WeightsOn::stamp, weight_spectra, planes, plane_spectra},
        prepared, workspace, flux);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(convolve)
    ->ArgName("psf_per_row")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace lensmill
