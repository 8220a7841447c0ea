// configs/survey_hosts.yaml on real DECam exposures, and hosts of a compressed coadd.
// Positions were computed by astropy 8.0.2 (all_world2pix of the files' headers, the
// CCD table's astrometric offsets taken off the sky positions first), pixel values read
// by it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include "lib/core/status.hpp"
#include "pipeline/inputs/open_inputs.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill {
namespace {

constexpr const char* needed = "legacysurvey-decals/decam-00390498-S10-psfex.fits";

config::RunConfig survey_config() {
  return config::read_run_config(test_support::source_folder() /
                                 "configs/survey_hosts.yaml");
}

/// Positions on the g, r and z images, from 1.
struct Reference {
  std::int64_t host;
  double x[3], y[3];
};
const Reference references[] = {
    {0, {97.178830, 97.860399, 98.047149}, {98.600945, 98.874790, 99.050796}},
    {1, {32.466330, 33.139597, 33.333362}, {38.676717, 38.980359, 39.145951}},
    {6, {93.319705, 94.000438, 94.187892}, {92.723609, 92.999581, 93.174939}},
};
/// Printed to 6 decimals; astropy's inverse stops at 1e-9 pixel.
constexpr double printed_pix = 2.0e-6;

TEST(SurveyData, HostsAreWhereAstropySaysAndThePsfIsTheirs) {
  LENSMILL_NEEDS_REAL_DATA(needed);
  const auto config = survey_config();
  const auto opened = pipeline::open_inputs(config, {});
  const auto& hosts = *opened.inputs->hosts;
  ASSERT_EQ(hosts.count(), 8);
  for (const auto& reference : references) {
    for (int band = 0; band < 3; ++band) {
      const auto place = hosts.place(reference.host, band);
      EXPECT_NEAR(place.x_pix, reference.x[band], printed_pix);
      EXPECT_NEAR(place.y_pix, reference.y[band], printed_pix);
      EXPECT_TRUE(place.on_image);
      // The header's LTV is -1: the CCD was trimmed by a pixel, the section it was cut
      // to later is not in it.
      EXPECT_EQ(place.detector_offset_x_pix, 1.0);
    }
  }
  const auto setup = stages::make_setup(config, opened.inputs);
  auto stamp = setup.chain->make_stamp();
  for (int row = 0; row < 8; ++row) {
    setup.chain->apply(row, {}, stamp);
    const auto& truth = stamp.injection;
    for (std::size_t b = 0; b < 3; ++b) {
      EXPECT_EQ(truth.psf_x_pix[b], truth.host_x_pix[b]);
      EXPECT_EQ(truth.psf_y_pix[b], truth.host_y_pix[b]);
      EXPECT_LE(std::abs(truth.host_offset_x_pix[b]), 0.5);
      EXPECT_LE(std::abs(truth.host_offset_y_pix[b]), 0.5);
    }
  }
}

TEST(SurveyData, CutoutsAreTheImagesPixelsAndMasksItsZeroWeights) {
  LENSMILL_NEEDS_REAL_DATA(needed);
  const auto config = survey_config();
  std::vector<std::string> warnings;
  const auto hosts = pipeline::open_survey_hosts(config, warnings);
  Image<float> nmgy, invvar, mask;

  const auto place = hosts->place(6, 1);
  hosts->read_with_mask(6, 1, nmgy, invvar, mask);
  const int x0 = static_cast<int>(std::lround(place.x_pix - place.cutout_x_pix)) - 1;
  const int y0 = static_cast<int>(std::lround(place.y_pix - place.cutout_y_pix)) - 1;

  // The file's nine pixels without weight: x and y from 90 to 92, counted from 0.
  int masked = 0;
  for (int y = 0; y < 65; ++y) {
    for (int x = 0; x < 65; ++x) {
      const bool zero_weight =
          y + y0 >= 90 && y + y0 <= 92 && x + x0 >= 90 && x + x0 <= 92;
      EXPECT_EQ(mask(y, x), zero_weight ? 1.0F : 0.0F);
      masked += mask(y, x) != 0.0F ? 1 : 0;
    }
  }
  EXPECT_EQ(masked, 9);
}

TEST(SurveyData, RowsOfTheConfigAreMadeAndMasksAreReported) {
  LENSMILL_NEEDS_DATA(needed);
  const auto config = survey_config();
  const auto opened = pipeline::open_inputs(config, {});
  const auto setup = stages::make_setup(config, opened.inputs);
  auto stamp = setup.chain->make_stamp();
  std::set<std::int64_t> hosts_beside_the_hole;
  for (int row = 0; row < 40; ++row) {
    setup.chain->apply(row, {}, stamp);
    ASSERT_FALSE(is_failure(stamp.status)) << row << " " << to_string(stamp.status);
    const auto& m = stamp.measurement;
    if (m.core_masked_fraction[m.at(1, 1)] > 0.0) {
      hosts_beside_the_hole.insert(stamp.injection.host_index);
    }
    EXPECT_EQ(m.core_masked_fraction[m.at(0, 1)], 0.0);  // g has no hole
    EXPECT_TRUE(std::isfinite(m.arc_snr[1]));
    EXPECT_TRUE(std::isfinite(m.core_flux_fraction[m.at(1, 1)]));
  }
  // The synthetic exposure's is larger.
  const std::set<std::int64_t> known = test_support::data_is_synthetic()
                                           ? std::set<std::int64_t>{0, 6}
                                           : std::set<std::int64_t>{6};
  EXPECT_EQ(hosts_beside_the_hole, known);
}

TEST(SurveyData, ACompressedCoaddGivesItsPixels) {
  LENSMILL_NEEDS_REAL_DATA("legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz");
  const test_support::TemporaryFolder folder;
  const auto coadd =
      test_support::data_path("legacysurvey-coadd/legacysurvey-0959p805-");
  // Covered; at the edge of the covered part; on the image but not covered; off it.
  test_support::write_bytes(folder / "positions.csv",
                            "x_pix,y_pix\n401,801\n5,900\n3000,3000\n3700,10\n");
  auto text = test_support::edited(
      test_support::small_config, "host: none",
      "host:\n  survey:\n    accept_header_mismatch: true  # FILTER is g\n    r: "
      "{image: " +
          coadd.string() + "image-g.fits.fz, weight: " + coadd.string() +
          "invvar-g.fits.fz, units: nmgy}\n    positions: {file: positions.csv}\n    "
          "sky_subtracted: true\n    weight_includes_source_poisson: false");
  text = test_support::edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  const auto config = config::read_run_config_text(text, "run.yaml", {}, folder.path());

  const auto opened = pipeline::open_inputs(config, {});
  const auto& hosts = *opened.inputs->hosts;
  Image<float> nmgy, invvar, mask;
  const auto valid = [&](int host) {
    hosts.read_with_mask(host, 0, nmgy, invvar, mask);
    return std::ranges::count(mask.pixels(), 0.0F);
  };

  EXPECT_EQ(valid(3), 0);
  EXPECT_EQ(valid(2), 0);
  // Pixels of positive inverse variance, counted by numpy.
  EXPECT_EQ(valid(1), 2405);
  EXPECT_EQ(valid(0), 2600);
  // fits.open(...)[1].data[800, 400] of image and invvar.
  EXPECT_FLOAT_EQ(nmgy(32, 32), 0.0634286851F);
  EXPECT_FLOAT_EQ(invvar(32, 32), 47652.7852F);
}

}  // namespace
}  // namespace lensmill
