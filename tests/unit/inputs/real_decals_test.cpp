#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/core/units.hpp"
#include "pipeline/inputs/open_inputs.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"

/// \file
/// configs/real_decals.yaml, 46 real DES hosts and three real PSFEx models, from the
/// files to stamps.

namespace lensmill::pipeline {
namespace {

constexpr int bands = 3;
constexpr std::int64_t rows = 60;

config::RunConfig real_config() {
  return config::read_run_config(test_support::source_folder() /
                                 "configs/real_decals.yaml");
}

TEST(RealDecals, OpensHostsAndModelsAsTheirFilesSay) {
  LENSMILL_NEEDS_DATA("des-hosts/g.fits");
  LENSMILL_NEEDS_DATA("legacysurvey-decals/decam-00390498-S10-psfex.fits");

  const auto opened = open_inputs(real_config(), {});

  const auto& inputs = *opened.inputs;
  EXPECT_THAT(opened.warnings, testing::IsEmpty());
  EXPECT_EQ(inputs.rows->count(), 2000);
  EXPECT_EQ(inputs.hosts->count(), 46);
  EXPECT_EQ(inputs.hosts->ny(), 91);
  for (std::size_t band = 0; band < bands; ++band) {
    ASSERT_TRUE(inputs.psf[band].psfex.has_value());
    EXPECT_EQ(inputs.psf[band].psfex->basis.size(), 6U);
  }
  ASSERT_EQ(opened.files.size(), 6U);
  EXPECT_EQ(opened.files[1].role, "host r");
  if (test_support::data_is_synthetic()) return;
  // sha256sum des-hosts/r.fits
  EXPECT_EQ(opened.files[1].sha256,
            "8100e4c8c916a4b69986dc3337e74dde775a9ddea5c72b6953e7b121b36acf37");
}

TEST(RealDecals, HostsAreAsBrightAndAsWellCentredAsTheConfigSays) {
  LENSMILL_NEEDS_REAL_DATA("des-hosts/g.fits");
  // "With it the median host has r = 20.4": given to a tenth.
  constexpr double rounding_mag = 0.05;
  // The cutouts were made about catalogue positions, rounded to pixels, of galaxies
  // that are not quite round.
  constexpr double farthest_pix = 0.6;

  const auto opened = open_inputs(real_config(), {});

  const auto& measured = opened.inputs->host_measurements;
  std::vector<double> r_mag;
  for (std::size_t host = 0; host < 46; ++host) {
    r_mag.push_back(mag_from_nmgy(measured.flux_nmgy[host * bands + 1]));
    EXPECT_NEAR(measured.centroid_x_pix[host], 45.0, farthest_pix);
    EXPECT_NEAR(measured.centroid_y_pix[host], 45.0, farthest_pix);
  }
  std::ranges::sort(r_mag);
  EXPECT_NEAR(0.5 * (r_mag[22] + r_mag[23]), 20.4, rounding_mag);
}

TEST(RealDecals, StampsAreHostsWithArcsAndTheArcsNoise) {
  LENSMILL_NEEDS_DATA("des-hosts/g.fits");
  LENSMILL_NEEDS_DATA("legacysurvey-decals/decam-00390498-S10-psfex.fits");
  const auto config = real_config();
  const auto opened = open_inputs(config, {});
  const auto setup = stages::make_setup(config, opened.inputs);
  auto stamp = setup.chain->make_stamp();
  Image<float> cutout, invvar;
  double chi_squared = 0.0;
  double excess = 0.0;
  double pixels = 0.0;

  for (std::int64_t row = 0; row < rows; ++row) {
    SCOPED_TRACE(row);
    const auto block = opened.inputs->rows->read(row, 1);
    setup.chain->apply(block.injection_id[0], block.row(0), stamp);

    ASSERT_FALSE(is_failure(stamp.status)) << to_string(stamp.status);
    const auto& injection = stamp.injection;
    const double fainter_mag = mag_from_nmgy(injection.src_flux_nmgy[1]) -
                               mag_from_nmgy(injection.host_flux_nmgy[1]);
    // 0.5, 1, 1.5 or 2.
    EXPECT_NEAR(fainter_mag, 0.5 * std::round(2.0 * fainter_mag), 1.0e-9);
    EXPECT_GE(fainter_mag, 0.4);
    EXPECT_LE(fainter_mag, 2.1);
    for (std::size_t b = 0; b < bands; ++b) {
      const auto& images = stamp.images[b];
      // A real host keeps its own noise and gets no other.
      EXPECT_TRUE(std::ranges::equal(images.negative.pixels(), images.host.pixels()));
      const double gain = config.noise.gain_e_per_nmgy[b];
      for (std::size_t k = 0; k < images.arc.size(); ++k) {
        const double arc = images.arc.pixels()[k];
        // Enough electrons that the sum of squares is nearly a chi squared.
        if (arc * gain < 20.0) continue;
        const double noise = double{images.positive.pixels()[k]} -
                             double{images.negative.pixels()[k]} - arc;
        chi_squared += noise * noise * gain / arc;
        excess += noise * std::sqrt(gain / arc);
        pixels += 1.0;
      }
    }
  }

  // Squares of Poisson noise about mean n scatter by sqrt(2 + 1/n); five standard
  // errors of their mean, and of the noise's own.
  ASSERT_GT(pixels, 10000.0);
  EXPECT_NEAR(chi_squared / pixels, 1.0, 5.0 * std::sqrt(2.05 / pixels));
  EXPECT_NEAR(excess / pixels, 0.0, 5.0 / std::sqrt(pixels));
}

TEST(RealDecals, TheLensSitsOnTheTurnedHostsLight) {
  LENSMILL_NEEDS_DATA("des-hosts/g.fits");
  LENSMILL_NEEDS_DATA("legacysurvey-decals/decam-00390498-S10-psfex.fits");
  const auto config = real_config();
  const auto opened = open_inputs(config, {});
  const auto setup = stages::make_setup(config, opened.inputs);
  auto stamp = setup.chain->make_stamp();
  // The centroid of z, the brightest band of red galaxies, in a window of its own: a
  // turn or mirror the wrong way round would be off by twice the offset, up to 1 px.
  constexpr double window_sigma_pix = 2.0;
  constexpr double tolerance_pix = 0.1;
  double largest_offset_pix = 0.0;

  for (std::int64_t row = 0; row < rows; ++row) {
    const auto block = opened.inputs->rows->read(row, 1);
    setup.chain->apply(block.injection_id[0], block.row(0), stamp);

    const double x0 = config.grid.pix_from_arcsec(stamp.injection.lens_x_arcsec);
    const double y0 = config.grid.pix_from_arcsec(stamp.injection.lens_y_arcsec);
    const auto& host = stamp.images[2].host;
    double sum = 0.0;
    double sum_x = 0.0;
    double sum_y = 0.0;
    for (int y = 24; y <= 38; ++y) {
      for (int x = 24; x <= 38; ++x) {
        const double r2 = std::pow(x - x0, 2) + std::pow(y - y0, 2);
        const double light =
            double{host(y, x)} * std::exp(-0.5 * r2 / std::pow(window_sigma_pix, 2));
        sum += light;
        sum_x += light * (x - x0);
        sum_y += light * (y - y0);
      }
    }
    EXPECT_NEAR(sum_x / sum, 0.0, tolerance_pix) << row;
    EXPECT_NEAR(sum_y / sum, 0.0, tolerance_pix) << row;
    largest_offset_pix =
        std::max({largest_offset_pix, std::abs(x0 - 31.0), std::abs(y0 - 31.0)});
  }

  EXPECT_GT(largest_offset_pix, 0.4);  // else the test could not fail
}

}  // namespace
}  // namespace lensmill::pipeline
