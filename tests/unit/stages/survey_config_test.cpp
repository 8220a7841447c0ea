#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lib/core/errors.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/temporary_folder.hpp"

/// \file
/// `host.survey` and what goes with it: read as written, refused by key and line.

namespace lensmill::config {
namespace {

using test_support::edited;
using testing::AllOf;
using testing::HasSubstr;

std::string survey_text() {
  auto text = edited(test_support::small_config, "host: none",
                     "host:\n"
                     "  survey:\n"
                     "    r: {image: a.fits, weight: a.fits, zero_point_mag: 25}\n"
                     "    positions: {file: a.fits}\n"
                     "    sky_subtracted: false\n"
                     "    weight_includes_source_poisson: true");
  text = edited(text, "{kind: gaussian, fwhm_pix: 5.0}",
                "{kind: psfex, file: a.fits, position: host, normalisation: unit, "
                "centring: keep}");
  return edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
}

RunConfig read(const std::string& text) {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "a.fits") << "x";
  return read_run_config_text(text, "run.yaml", {}, folder.path());
}

std::string message_of(const std::string& from, const std::string& to) {
  try {
    read(edited(survey_text(), from, to));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(SurveyConfig, IsReadWithItsDefaults) {
  const RunConfig config = read(survey_text());

  ASSERT_TRUE(config.host.survey.has_value());
  const auto& survey = *config.host.survey;
  EXPECT_EQ(config.host.kind, HostKind::cutouts);
  EXPECT_EQ(config.host.pixel_scale_arcsec, 0.262);
  EXPECT_EQ(config.host.policy, HostPolicy::reuse);
  ASSERT_EQ(survey.bands.size(), 1U);
  EXPECT_EQ(survey.bands[0].hdu, -1);
  EXPECT_EQ(survey.bands[0].zero_point_mag, 25.0);
  EXPECT_FALSE(survey.bands[0].sky.has_value());
  EXPECT_EQ(survey.min_valid_fraction, 0.9);
  EXPECT_FALSE(survey.sky_subtracted);
  EXPECT_TRUE(survey.positions.columns.empty());
  EXPECT_TRUE(config.psf[0].position_of_host);
  EXPECT_FALSE(config.psf[0].position_offset_from_header);
  EXPECT_FALSE(config.psf[0].outer_wings.has_value());
}

TEST(SurveyConfig, WingsAndOffsetsAreReadByEveryForm) {
  const auto with = [](const std::string& keys) {
    return read(edited(survey_text(), "position: host", "position: host, " + keys))
        .psf[0];
  };

  EXPECT_EQ(with("outer_wings: legacysurvey_dr9").outer_wings->power_law, 0.00033);
  EXPECT_EQ(with("outer_wings: {power_law: 0.001}").outer_wings->power_law, 0.001);
  EXPECT_FALSE(with("outer_wings: none").outer_wings.has_value());
  EXPECT_TRUE(with("position_offset_pix: header").position_offset_from_header);
  EXPECT_EQ(with("position_offset_pix: [1675, 3158]").position_offset_pix[1], 3158.0);
}

struct BadSurvey {
  std::string name, from, to, message;
};
class BadSurveyConfig : public testing::TestWithParam<BadSurvey> {};

TEST_P(BadSurveyConfig, IsNamedByKeyAndReason) {
  const auto& [name, from, to, message] = GetParam();
  EXPECT_THAT(message_of(from, to), HasSubstr(message));
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, BadSurveyConfig,
    testing::Values(
        BadSurvey{"NoSkyStatement", "    sky_subtracted: false\n", "",
                  "host.survey.sky_subtracted"},
        BadSurvey{"NoPositions", "    positions: {file: a.fits}\n", "",
                  "host.survey.positions"},
        BadSurvey{"NoBand", "    r: {image", "    q: {image", "host.survey.r"},
        BadSurvey{"NoFile", "image: a.fits", "image: b.fits", "host.survey.r.image"},
        BadSurvey{"NoUnit", ", zero_point_mag: 25", "", "zero_point_mag"},
        BadSurvey{"PoissonNotStated", "    weight_includes_source_poisson: true", "",
                  "host.survey.weight_includes_source_poisson"},
        BadSurvey{"UnknownKey", "sky_subtracted: false",
                  "sky_subtracted: false\n    min_valid_fracton: 0.9",
                  "did you mean min_valid_fraction?"},
        BadSurvey{"ValidFractionOfZero", "sky_subtracted: false",
                  "sky_subtracted: false\n    min_valid_fraction: 0",
                  "host.survey.min_valid_fraction"},
        BadSurvey{"FrameAlone", "{file: a.fits}", "{file: a.fits, frame: pixel}",
                  "host.survey.positions.frame"},
        BadSurvey{"OneColumn", "{file: a.fits}", "{file: a.fits, columns: [ra]}",
                  "must be two names"},
        BadSurvey{"CutUpsideDown", "{file: a.fits}",
                  "{file: a.fits, cuts: {flux: [2, 1]}}",
                  "host.survey.positions.cuts.flux"},
        BadSurvey{"SkyOfSubtracted",
                  "zero_point_mag: 25}\n    positions: {file: "
                  "a.fits}\n    sky_subtracted: false",
                  "zero_point_mag: 25, sky: 3}\n    positions: {file: a.fits}\n    "
                  "sky_subtracted: true",
                  "host.survey.r.sky"},
        BadSurvey{"WeightHduAlone", "weight: a.fits", "weight_hdu: 1",
                  "host.survey.r.weight_hdu"},
        BadSurvey{"WingsOfNoBand", "position: host",
                  "position: host, outer_wings: legacysurvey_dr9_compact", "z only"},
        BadSurvey{"WingsWithoutBeta", "position: host",
                  "position: host, outer_wings: {moffat_weight: 0.01, "
                  "moffat_alpha_arcsec: 17}",
                  "moffat_beta"},
        BadSurvey{"CircleApertures",
                  "noise:", "measure: {aperture_mask: circle}\nnoise:",
                  "cannot leave out masked pixels"}),
    [](const auto& tested) { return tested.param.name; });

TEST(SurveyConfig, APsfAtTheHostAndAMaskNeedASurvey) {
  const auto survey = survey_text();
  const auto begin = survey.find("host:");
  const auto end = survey.find("psf:");
  const auto without = survey.substr(0, begin) + "host: none\n" + survey.substr(end);

  const auto message = [&](const std::string& text) -> std::string {
    try {
      read(text);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };

  EXPECT_THAT(message(without),
              AllOf(HasSubstr("psf.r.position"), HasSubstr("host: {survey")));
  EXPECT_THAT(message(edited(test_support::small_config,
                             "noise:", "output: {products: [mask]}\nnoise:")),
              AllOf(HasSubstr("output.products"), HasSubstr("host.survey")));
}

}  // namespace
}  // namespace lensmill::config
