#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <vector>

#include "lib/imaging/convolver.hpp"
#include "lib/imaging/spectrum_loops.hpp"
#include "lib/imaging/spline.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/moffat.hpp"
#include "tests/unit/imaging/convolution_helpers.hpp"

namespace lensmill::imaging {
namespace {

/// Three planes and two apertures, each pair against w . (K * plane) and w~ . plane.
void expect_adjoint_fluxes(ConvolutionOperator op, const Lattice& lattice,
                           Deposit deposit, WeightsOn on) {
  const auto convolver = make_convolver(op, lattice, deposit);
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver->prepare(
      psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = 4.0}, 3.0),
                               {.size = {17, 15}, .oversample = lattice.oversample}),
      workspace, prepared);
  const int side = lattice.size();
  std::vector<Image<double>> plane;
  for (const int seed : {21, 22, 23}) plane.push_back(random_plane(side, seed));
  for (double& value : plane[1].pixels()) value *= 1.0e-7;
  const int weight_side = on == WeightsOn::stamp ? lattice.stamp_size_pix : side;
  const Image<double> weight[] = {random_plane(weight_side, 24),
                                  random_plane(weight_side, 25)};
  const ImageView<const double> planes[] = {plane[0], plane[1], plane[2]};
  const ImageView<const double> weights[] = {weight[0], weight[1]};
  std::array<double, 6> flux{};
  std::array<double, 6> again{};
  ImageSpectra of_weights;
  ImageSpectra of_planes;

  const WeightsAndPlanes task{weights, on, of_weights, planes, of_planes};
  convolver->adjoint_fluxes(task, prepared, workspace, flux);
  convolver->adjoint_fluxes(task, prepared, workspace, again);

  for (std::size_t r = 0; r < 2; ++r) {
    Image<double> transposed(side, side);
    const ImageView<double> out = transposed;
    convolver->adjoint({&weights[r], 1}, on, prepared, workspace, {&out, 1});
    for (std::size_t k = 0; k < 3; ++k) {
      const double expected = dot(transposed, plane[k]);
      EXPECT_NEAR(flux[r * 3 + k], expected, float_tolerance * std::abs(expected))
          << to_string(op) << " aperture " << r << " plane " << k;
      if (on == WeightsOn::stamp) {
        const double after = dot(
            weight[r], convolve_prepared(*convolver, prepared, workspace, plane[k]));
        EXPECT_NEAR(flux[r * 3 + k], after, float_tolerance * std::abs(after));
      }
    }
  }
  EXPECT_EQ(flux, again);  // from the spectra that were kept
}

TEST(AdjointFluxes, AreThoseOfTheImageAfterThePsf) {
  const Lattice pixels{.stamp_size_pix = 24};
  const Lattice wide =
      Lattice{.stamp_size_pix = 24, .oversample = 2, .border = spline_support / 2 + 2};
  for (const auto op : {ConvolutionOperator::fft, ConvolutionOperator::direct}) {
    expect_adjoint_fluxes(op, pixels, Deposit::pixels, WeightsOn::stamp);
    expect_adjoint_fluxes(op, wide, Deposit::spline, WeightsOn::stamp);
    expect_adjoint_fluxes(op, wide, Deposit::spline, WeightsOn::lattice);
  }
  expect_adjoint_fluxes(ConvolutionOperator::legacy_ifftshift, pixels, Deposit::pixels,
                        WeightsOn::stamp);
}

TEST(DotConjugate, TakesEveryTermOfAnyNumber) {
  constexpr std::size_t most = 1100;  // more than two blocks
  const auto values = random_plane(64, 41);
  std::vector<float> w(2 * most);
  std::vector<float> s(2 * most);
  for (std::size_t k = 0; k < 2 * most; ++k) {
    w[k] = static_cast<float>(values.pixels()[k]);
    s[k] = static_cast<float>(values.pixels()[4095 - k]);
  }
  for (const std::size_t terms : {1U, 7U, 8U, 13U, 513U, 1100U}) {
    std::complex<double> expected;
    for (std::size_t k = 0; k < terms; ++k) {
      expected += std::conj(std::complex<double>(w[2 * k], w[2 * k + 1])) *
                  std::complex<double>(s[2 * k], s[2 * k + 1]);
    }

    const auto sum = dot_conjugate(w.data(), s.data(), 2 * terms);

    const double rounding = float_tolerance * static_cast<double>(terms);
    EXPECT_NEAR(sum.real(), expected.real(), rounding) << terms;
    EXPECT_NEAR(sum.imag(), expected.imag(), rounding) << terms;
  }
}

TEST(ImageSpectra, OfOtherPlanesAreNotUsed) {
  const Lattice lattice{.stamp_size_pix = 24};
  const auto convolver =
      make_convolver(ConvolutionOperator::fft, lattice, Deposit::pixels);
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver->prepare(random_kernel(7, 7), workspace, prepared);
  const auto first = random_plane(lattice.size(), 31);
  const auto second = random_plane(lattice.size(), 32);
  ImageSpectra spectra;
  Image<float> kept(24, 24);
  const ImageView<const double> planes[] = {first, second};
  const ImageView<float> out = kept;

  convolver->convolve({planes, 1}, prepared, workspace, {&out, 1}, &spectra);
  spectra.clear();
  convolver->convolve({planes + 1, 1}, prepared, workspace, {&out, 1}, &spectra);

  const auto fresh = convolve_prepared(*convolver, prepared, workspace, second);
  EXPECT_TRUE(std::ranges::equal(kept.pixels(), fresh.pixels()));
}

}  // namespace
}  // namespace lensmill::imaging
