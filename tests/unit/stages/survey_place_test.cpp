#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/unit/stages/survey_host.hpp"

/// \file
/// Hosts of survey images through the chain: their places become columns, also when
/// they are turned; apertures without an unmasked pixel are undefined.

namespace lensmill::stages {
namespace {

using test_support::edited;

TEST(SurveyMask, AnApertureWithoutAnUnmaskedPixelIsUndefinedAndTheOthersAreNot) {
  // The core's 3 pixels about (31.25, 30.5), but not all of its 5.
  SurveyHost host;
  host.box_y0 = 28;
  host.box_y1 = 36;
  host.box_x0 = 29;
  host.box_x1 = 37;

  const auto result = run(host);

  EXPECT_EQ(result.status, Status::ok);
  const auto& m = result.measurement;
  const std::size_t three = m.at(0, 0);
  const std::size_t five = m.at(0, 1);
  EXPECT_EQ(m.core_masked_fraction[three], 1.0);
  for (const auto* column :
       {&m.core_flux_fraction, &m.core_flux_fraction_minimum_intrinsic,
        &m.core_flux_fraction_minimum_psf, &m.core_flux_fraction_saddle_intrinsic,
        &m.core_flux_fraction_saddle_psf, &m.core_flux_fraction_maximum_intrinsic,
        &m.core_flux_fraction_maximum_psf, &m.core_offset, &m.arc_snr_aperture}) {
    EXPECT_TRUE(std::isnan((*column)[three]));
    EXPECT_TRUE(std::isfinite((*column)[five]));
  }
  EXPECT_LT(m.core_masked_fraction[five], 1.0);
  EXPECT_GT(m.arc_snr[0], 0.0);
}

TEST(SurveyMask, AnApertureOutsideTheStampIsUndefined) {
  const auto text = edited(
      survey_text(), "output:",
      "measure: {aperture_centre: [200.0, 31.5], annulus_pix: [20, 28]}\noutput:");

  const auto& m = run({}, text).measurement;

  EXPECT_TRUE(std::isnan(m.core_flux_fraction[0]));
  EXPECT_TRUE(std::isnan(m.core_flux_fraction_without_psf[0]));
  EXPECT_TRUE(std::isnan(m.core_offset[0]));
}

TEST(SurveyPlace, TheLensIsOnTheFirstBandsHostAndColumnsSayWhereAllAre) {
  auto text = edited(survey_text(), "units: nmgy}",
                     "units: nmgy}\n    z: {image: quickstart.yaml, weight: "
                     "quickstart.yaml, units: nmgy}");
  text = edited(text, "bands: [r]", "bands: [r, z]");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_r: 10.0\n  src_flux_nmgy_z: 10.0");
  text = edited(text, "fwhm_pix: 5.0}",
                "fwhm_pix: 5.0}\n  z: {kind: gaussian, fwhm_pix: 5.0}");
  text = edited(text, "{r: 500}", "{r: 500, z: 500}");

  const auto setup = setup_of({}, text);
  auto result = setup.chain->make_stamp();
  setup.chain->apply(0, {}, result);

  const auto& row = result.injection;
  // The stamp begins at the cutout's pixel 1.
  EXPECT_DOUBLE_EQ(row.lens_x_arcsec, (31.25 - 31.5) * 0.262);
  EXPECT_DOUBLE_EQ(row.lens_y_arcsec, (30.5 - 31.5) * 0.262);
  EXPECT_EQ(row.host_ra_deg, 10.5);
  EXPECT_EQ(row.host_dec_deg, -3.25);
  EXPECT_EQ(row.host_x_pix[1], 111.25);
  EXPECT_EQ(row.host_offset_x_pix[0], 0.0);
  EXPECT_EQ(row.host_offset_x_pix[1], -0.375);
  EXPECT_EQ(row.host_offset_y_pix[1], 0.125);
  std::vector<std::string> names;
  for (const auto& column : setup.chain->catalogue_columns()) {
    names.push_back(column.name);
  }
  for (const char* name : {"host_ra_deg", "host_y_pix_z", "host_offset_x_pix_r"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

TEST(SurveyPlace, ATurnedHostsLensAndOffsetsAreTurnedWithIt) {
  auto text = edited(survey_text(), "units: nmgy}",
                     "units: nmgy}\n    z: {image: quickstart.yaml, weight: "
                     "quickstart.yaml, units: nmgy}");
  text = edited(text, "bands: [r]", "bands: [r, z]");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_r: 10.0\n  src_flux_nmgy_z: 10.0\n  host_rotation: 1");
  text = edited(text, "fwhm_pix: 5.0}",
                "fwhm_pix: 5.0}\n  z: {kind: gaussian, fwhm_pix: 5.0}");
  text = edited(text, "{r: 500}", "{r: 500, z: 500}");

  const auto row = run({}, text).injection;

  // (32.25, 31.5) of 65 x 65 goes to (64 - 31.5, 32.25); the stamp begins at pixel 1.
  EXPECT_DOUBLE_EQ(row.lens_x_arcsec, (32.5 - 1.0 - 31.5) * 0.262);
  EXPECT_DOUBLE_EQ(row.lens_y_arcsec, (32.25 - 1.0 - 31.5) * 0.262);
  // (-0.375, 0.125) goes to (-0.125, -0.375).
  EXPECT_DOUBLE_EQ(row.host_offset_x_pix[1], -0.125);
  EXPECT_DOUBLE_EQ(row.host_offset_y_pix[1], -0.375);
}

}  // namespace
}  // namespace lensmill::stages
