// The split of core flux through the whole chain: its terms are its sum, and its sum,
// made by adjoint apertures before the PSF, is the aperture on the image after it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "lib/measure/aperture.hpp"
#include "stages/buffers.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill {
namespace {

using config::ApertureMask;
using test_support::ChainRunner;
using test_support::shipped_config;

/// The image is transformed back, the adjoint is summed over frequencies, both in
/// single precision; 5e-6 is asked, all were found within 1e-7.
constexpr double single_precision = 5.0e-7;
/// Six terms of order 1 in double.
constexpr double rounding = 1.0e-14;

/// A pixel mask of the row.
measure::ApertureWeights aperture_of(const stages::Stamp& stamp,
                                     const config::RunConfig& config,
                                     double radius_pix) {
  const auto& centre = config.measure.aperture_centre_pix;
  const auto& injection = stamp.injection;
  const measure::Disc disc{
      .x_pix =
          centre ? (*centre)[0] : config.grid.pix_from_arcsec(injection.lens_x_arcsec),
      .y_pix =
          centre ? (*centre)[1] : config.grid.pix_from_arcsec(injection.lens_y_arcsec),
      .radius_pix = radius_pix};
  const int n = config.grid.stamp_size_pix;
  return config.measure.aperture_mask == ApertureMask::pixel_centre
             ? measure::pixel_centre_weights(n, disc)
             : measure::pixel_overlap_weights(n, disc);
}

double flux_of(const Image<float>& image) {
  double flux = 0.0;
  for (const float value : image.pixels()) flux += double{value};
  return flux;
}

double sum_of_terms(const measure::Measurement& m, std::size_t at) {
  return m.core_flux_fraction_minimum_intrinsic[at] +
         m.core_flux_fraction_minimum_psf[at] +
         m.core_flux_fraction_saddle_intrinsic[at] +
         m.core_flux_fraction_saddle_psf[at] +
         m.core_flux_fraction_maximum_intrinsic[at] +
         m.core_flux_fraction_maximum_psf[at];
}

/// Every row, band and radius of a run with a pixel mask.
void expect_split(const config::RunConfig& config, PerBand<stages::PsfInput> psf = {}) {
  const ChainRunner runner(config, std::move(psf));
  const auto& radii = config.measure.aperture_radius_pix;
  double moved = 0.0;

  runner.run([&](const stages::Stamp& stamp) {
    SCOPED_TRACE(stamp.injection.injection_id);
    ASSERT_FALSE(is_failure(stamp.status));
    const auto& m = stamp.measurement;
    for (std::size_t band = 0; band < config.bands.size(); ++band) {
      for (std::size_t r = 0; r < radii.size(); ++r) {
        const std::size_t at = m.at(band, r);
        const auto aperture = aperture_of(stamp, config, radii[r]);
        const auto& images = stamp.images[band];
        const double flux = flux_of(images.arc);
        EXPECT_NEAR(sum_of_terms(m, at), m.core_flux_fraction[at], rounding);
        EXPECT_NEAR(m.core_flux_fraction[at],
                    measure::aperture_sum(aperture, images.arc.view()) / flux,
                    single_precision)
            << config.bands[band] << ", " << radii[r] << " pix";
        // By kind: the saddles' light has an image of its own.
        EXPECT_NEAR(m.core_flux_fraction_saddle_intrinsic[at] +
                        m.core_flux_fraction_saddle_psf[at],
                    measure::aperture_sum(aperture, images.counter_image.view()) / flux,
                    single_precision);
        moved = std::max(moved, std::abs(m.core_flux_fraction_saddle_psf[at]) +
                                    std::abs(m.core_flux_fraction_minimum_psf[at]));
      }
    }
  });

  EXPECT_GT(moved, 0.01);  // else nothing was tested
}

class SplitAddsUp : public testing::TestWithParam<std::string> {};

TEST_P(SplitAddsUp, OverTheSeedsPopulationInThreeBandsWithAPsfPerRow) {
  expect_split(shipped_config("seed_gen5.yaml",
                              {"catalogue.sampled.count=150", "host=none", "noise=none",
                               "measure.aperture_mask=" + GetParam()}));
}

TEST_P(SplitAddsUp, OverTheParityTablesPopulation) {
  expect_split(shipped_config(
      "parity_table.yaml",
      {"catalogue.sampled.count=400", "measure.aperture_mask=" + GetParam()}));
}

TEST_P(SplitAddsUp, WithAMarginAndOffCentreLensesUpToTheStampsEdge) {
  expect_split(shipped_config(
      "parity_table.yaml",
      {"catalogue.sampled.count=200", "measure.aperture_mask=" + GetParam(),
       "render.margin_pix=7", "priors.lens_x_arcsec={uniform: [-8.5, 8.5]}",
       "priors.lens_y_arcsec={uniform: [-8.5, 8.5]}"}));
}

TEST_P(SplitAddsUp, WithAFixedApertureAndAllKindsOfImages) {
  expect_split(shipped_config(
      "parity_table.yaml",
      {"catalogue.sampled.count=200", "measure.aperture_mask=" + GetParam(),
       "measure.aperture_centre=[30.2, 33.7]",
       "priors.lens_gamma={uniform: [1.4, 2.6]}", "priors.shear_g1=0.05",
       "priors.src_sersic_n={uniform: [0.5, 5.0]}"}));
}

TEST_P(SplitAddsUp, OfTheDirectAndTheLegacyOperator) {
  expect_split(shipped_config(
      "parity_table.yaml",
      {"catalogue.sampled.count=4", "measure.aperture_mask=" + GetParam(),
       "convolve.operator=direct"}));
  expect_split(shipped_config(
      "parity_table.yaml",
      {"catalogue.sampled.count=100", "measure.aperture_mask=" + GetParam(),
       "convolve.operator=legacy_ifftshift", "convolve.oversample=1"}));
}

TEST_P(SplitAddsUp, OnOversampledAndOnPixelLattices) {
  for (const char* oversample : {"1", "2", "3"}) {
    expect_split(shipped_config(
        "parity_table.yaml",
        {"catalogue.sampled.count=40", "measure.aperture_mask=" + GetParam(),
         std::string("convolve.oversample=") + oversample}));
  }
}

/// A kernel that is even, off-centre, lopsided and not of unit sum.
psf::PixelKernel odd_one_out(int ny, int nx, bool includes_pixel) {
  psf::PixelKernel kernel{.values = Image<double>(ny, nx),
                          .includes_pixel = includes_pixel,
                          .name = "test kernel"};
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const double dx = x - 0.55 * nx;
      const double dy = y - 0.42 * ny;
      const double core = std::exp(-(dx * dx + 0.3 * dx * dy + 1.4 * dy * dy) / 14.0);
      const double lobe = std::exp(-((dx - 6.0) * (dx - 6.0) + dy * dy) / 9.0);
      kernel.values(y, x) = (core + 0.3 * lobe) / 35.0;
    }
  }
  return kernel;
}

TEST_P(SplitAddsUp, WithKernelsThatAreEvenOffCentreAndNotOfUnitSum) {
  for (const bool includes_pixel : {true, false}) {
    auto config = shipped_config(
        "parity_table.yaml",
        {"catalogue.sampled.count=60", "measure.aperture_mask=" + GetParam()});
    config.psf[0] = {};
    config.psf[0].kind = config::PsfKind::pixelised;
    config.psf[0].includes_pixel = includes_pixel;
    config.psf[0].normalisation = psf::Normalisation::keep;
    PerBand<stages::PsfInput> psf;
    psf[0].kernels = {odd_one_out(20, 26, includes_pixel),
                      odd_one_out(31, 24, includes_pixel),
                      odd_one_out(80, 101, includes_pixel)};
    ASSERT_GT(std::abs(psf::kernel_moments(psf[0].kernels[0]).sum - 1.0), 0.05);
    ASSERT_GT(std::abs(psf::kernel_moments(psf[0].kernels[0]).centroid_x_pix), 0.5);

    expect_split(config, psf);
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, SplitAddsUp,
                         testing::Values("pixel_overlap", "pixel_centre"),
                         [](const auto& mask) { return mask.param; });

/// The continuous disc has no pixel weights: here it is integrated over the image that
/// the PSF without its pixel makes, which needs no adjoint.
void expect_circle_split(const config::RunConfig& config) {
  const ChainRunner runner(config);
  const auto& convolver = *runner.setup().convolver;
  const auto& lattice = convolver.lattice();
  ASSERT_EQ(lattice.oversample, 1);
  imaging::ConvolverWorkspace workspace;
  Image<float> density(64, 64);

  runner.run([&](const stages::Stamp& stamp) {
    SCOPED_TRACE(stamp.injection.injection_id);
    ASSERT_FALSE(is_failure(stamp.status));
    const auto& m = stamp.measurement;
    Image<double> total(lattice.size(), lattice.size());
    for (const auto& plane : stamp.arc_planes.lattice.plane) {
      for (std::size_t k = 0; k < total.size(); ++k) {
        total.pixels()[k] += plane.pixels()[k];
      }
    }
    for (std::size_t band = 0; band < config.bands.size(); ++band) {
      const ImageView<const double> in = total;
      const ImageView<float> out = density;
      convolver.convolve({&in, 1}, *stamp.psf[band].prepared_without_pixel, workspace,
                         {&out, 1});
      for (std::size_t r = 0; r < config.measure.aperture_radius_pix.size(); ++r) {
        const auto weights = measure::circle_lattice_weights(
            lattice,
            {.x_pix = config.grid.pix_from_arcsec(stamp.injection.lens_x_arcsec),
             .y_pix = config.grid.pix_from_arcsec(stamp.injection.lens_y_arcsec),
             .radius_pix = config.measure.aperture_radius_pix[r]});
        double core = 0.0;
        for (int y = 0; y < 64; ++y) {
          for (int x = 0; x < 64; ++x) {
            core +=
                weights.weight(lattice.index_of_pixel(y), lattice.index_of_pixel(x)) *
                double{density(y, x)};
          }
        }
        const std::size_t at = m.at(band, r);
        EXPECT_NEAR(sum_of_terms(m, at), m.core_flux_fraction[at], rounding);
        EXPECT_NEAR(m.core_flux_fraction[at], core / stamp.unit_arc_flux[band],
                    single_precision);
      }
    }
  });
}

TEST(SplitAddsUpInACircle, OverBothPopulations) {
  expect_circle_split(
      shipped_config("seed_gen5.yaml", {"catalogue.sampled.count=80", "host=none",
                                        "noise=none", "measure.aperture_mask=circle"}));
  expect_circle_split(
      shipped_config("parity_table.yaml",
                     {"catalogue.sampled.count=200", "measure.aperture_mask=circle",
                      "priors.lens_x_arcsec={uniform: [-1.0, 1.0]}"}));
}

}  // namespace
}  // namespace lensmill
