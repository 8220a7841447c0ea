#include "lib/measure/core_leakage.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/light/sersic.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::measure {
namespace {

// The split's sum against the aperture on the convolved image, both in single
// precision.
constexpr double single_precision = 5.0e-6;

struct Bench {
  imaging::ArcPlanes planes;
  imaging::Lattice lattice;
  Image<float> image{64, 64};
  KindValues transported{};
  double kernel_sum = 1.0;
};

Bench arc_through(imaging::ConvolutionOperator op, int margin_pix,
                  const ApertureWeights& aperture) {
  const bool legacy = op == imaging::ConvolutionOperator::legacy_ifftshift;
  Bench bench;
  bench.lattice = {
      .stamp_size_pix = 64, .margin_pix = margin_pix, .border = legacy ? 0 : 4};
  const auto deposit = legacy ? imaging::Deposit::pixels : imaging::Deposit::spline;
  imaging::RenderConfig config;
  config.lattice = bench.lattice;
  config.deposit = deposit;
  const imaging::ArcRenderer renderer(config);
  auto workspace = imaging::ArcRenderer::make_workspace();
  // gamma < 2 with the source close to the axis: all three kinds have light.
  const lens::LensModel lens(
      {.theta_e_arcsec = 1.2, .q = 0.75, .phi_rad = 0.5, .gamma = 1.7});
  const light::Sersic source({.reff_arcsec = 0.3, .sersic_n = 1.0, .q = 0.7});
  renderer.render({.lens = &lens, .source = &source, .src_x_arcsec = 0.2}, 31.5, 31.5,
                  *workspace, bench.planes);

  const auto convolver = imaging::make_convolver(op, bench.lattice, deposit);
  imaging::ConvolverWorkspace convolver_workspace;
  imaging::PreparedKernel prepared;
  const auto kernel =
      psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = 4.8}, 2.5),
                               {.size = {33, 33},
                                .pixel_response = legacy ? psf::PixelResponse::omit
                                                         : psf::PixelResponse::apply});
  bench.kernel_sum = kernel.sum;
  convolver->prepare(kernel, convolver_workspace, prepared);
  Image<double> total(bench.lattice.size(), bench.lattice.size());
  for (const auto& plane : bench.planes.lattice.plane) {
    for (std::size_t k = 0; k < total.size(); ++k) {
      total.pixels()[k] += plane.pixels()[k];
    }
  }
  const std::array<ImageView<const double>, 1> planes{total.view()};
  const std::array<ImageView<float>, 1> stamps{bench.image.view()};
  convolver->convolve(planes, prepared, convolver_workspace, stamps);
  const std::array<ImageView<const double>, 1> weights{aperture.weight.view()};
  const auto& kinds = bench.planes.lattice.plane;
  const std::array<ImageView<const double>, 3> by_kind{kinds[0].view(), kinds[1].view(),
                                                       kinds[2].view()};
  imaging::ImageSpectra of_weights;
  imaging::ImageSpectra of_planes;
  convolver->adjoint_fluxes(
      {weights, imaging::WeightsOn::stamp, of_weights, by_kind, of_planes}, prepared,
      convolver_workspace, bench.transported);
  return bench;
}

class SplitAddsUp : public testing::TestWithParam<
                        std::tuple<imaging::ConvolutionOperator, int, double>> {};

TEST_P(SplitAddsUp, ToTheApertureOnTheConvolvedImage) {
  const auto [op, margin, radius] = GetParam();
  const auto aperture =
      pixel_overlap_weights(64, {.x_pix = 31.5, .y_pix = 31.5, .radius_pix = radius});
  const Bench bench = arc_through(op, margin, aperture);
  double flux = 0.0;
  for (const float value : bench.image.pixels()) flux += double{value};

  const auto split = split_core_flux(intrinsic_sums(aperture, bench.planes, margin),
                                     bench.transported, bench.kernel_sum, flux);

  EXPECT_NEAR(split.fraction, aperture_sum(aperture, bench.image.view()) / flux,
              single_precision);
  EXPECT_NEAR(split.fraction, total(split.intrinsic) + total(split.psf),
              1.0e-14);  // the definition, up to rounding
  for (const double share : split.intrinsic) EXPECT_GT(share, 0.0);
}
INSTANTIATE_TEST_SUITE_P(
    OperatorsMarginsRadii, SplitAddsUp,
    testing::Combine(testing::Values(imaging::ConvolutionOperator::fft,
                                     imaging::ConvolutionOperator::direct),
                     testing::Values(0, 6), testing::Values(3.0, 5.0)));
INSTANTIATE_TEST_SUITE_P(Legacy, SplitAddsUp,
                         testing::Values(std::tuple{
                             imaging::ConvolutionOperator::legacy_ifftshift, 0, 5.0}));

TEST(SplitCoreFlux, IsUndefinedWithoutFlux) {
  const auto split = split_core_flux({}, {}, 1.0, 0.0);

  EXPECT_TRUE(std::isnan(split.fraction));
  EXPECT_TRUE(std::isnan(split.psf[1]));
}

TEST(CoreFractionWithoutPsf, HasItsOwnDenominator) {
  const auto before = core_fraction_without_psf({1.0, 2.0, 0.0}, {4.0, 4.0, 2.0});

  EXPECT_DOUBLE_EQ(before.fraction, 0.3);
  EXPECT_DOUBLE_EQ(before.by_kind[1], 0.2);
}

}  // namespace
}  // namespace lensmill::measure
