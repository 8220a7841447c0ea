// The pixel scale at each host of a survey image, by the WCS there.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "lib/io/fits/writer.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::edited;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int side = 200;
constexpr double scale_deg = 0.262 / 3600.0;

/// TAN-SIP about (10, 0) deg at pixel (100, 100): `a_2_0` changes the scale along x by
/// twice as much a pixel, `b_0_2` that along y.
void write_image(const TemporaryFolder& folder, double a_2_0, double b_0_2) {
  const std::vector<io::fits::Card> cards{{"CTYPE1", "RA---TAN-SIP", ""},
                                          {"CTYPE2", "DEC--TAN-SIP", ""},
                                          {"CRVAL1", 10.0, ""},
                                          {"CRVAL2", 0.0, ""},
                                          {"CRPIX1", 100.0, ""},
                                          {"CRPIX2", 100.0, ""},
                                          {"CD1_1", -scale_deg, ""},
                                          {"CD2_2", scale_deg, ""},
                                          {"A_ORDER", std::int64_t{2}, ""},
                                          {"B_ORDER", std::int64_t{2}, ""},
                                          {"A_2_0", a_2_0, ""},
                                          {"B_0_2", b_0_2, ""}};
  io::fits::Writer writer;
  writer.add_image("image", Image<float>(side, side).view(), cards);
  writer.save((folder / "r.fits").string());
}

/// Open hosts in the middle and at a pixel along the diagonal.
void open_at(const TemporaryFolder& folder, double pix) {
  const double ra_deg = 10.0 - scale_deg * (pix - 100.0);
  const double dec_deg = scale_deg * (pix - 100.0);
  test_support::write_bytes(
      folder / "positions.csv",
      fmt::format("ra_deg,dec_deg\n10.0,0.0\n{:.9f},{:.9f}\n", ra_deg, dec_deg));
  auto text = edited(test_support::small_config, "host: none",
                     "host:\n"
                     "  survey:\n"
                     "    r: {image: r.fits, units: nmgy}\n"
                     "    positions: {file: positions.csv}\n"
                     "    sky_subtracted: true");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  const auto config = config::read_run_config_text(text, "run.yaml", {}, folder.path());
  std::vector<std::string> warnings;
  open_survey_hosts(config, warnings);
}

TEST(SurveyScale, IsThatAtTheHost) {
  const TemporaryFolder folder;
  // Both axes: 1 + 2 * 1e-4 * (x - 100), which is 1.002 at 110 and 1.016 at 180.
  write_image(folder, 1.0e-4, 1.0e-4);

  EXPECT_NO_THROW(open_at(folder, 110.0));
  EXPECT_THAT(
      [&] { open_at(folder, 180.0); },
      ThrowsMessage<DataError>(AllOf(HasSubstr("r.fits"), HasSubstr("at 1 of 2 hosts"),
                                     HasSubstr("host 1 at pixel (17"),
                                     HasSubstr("leave these hosts out"))));
}

TEST(SurveyScale, IsThatOfEachDirection) {
  const TemporaryFolder folder;
  // 1.03 along x and 0.97 along y at 180: the area alone is right.
  write_image(folder, 2.0e-4, -2.0e-4);

  EXPECT_NO_THROW(open_at(folder, 120.0));
  EXPECT_THAT([&] { open_at(folder, 180.0); },
              ThrowsMessage<DataError>(HasSubstr("by direction")));
}

}  // namespace
}  // namespace lensmill::pipeline
