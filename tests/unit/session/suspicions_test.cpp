#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <vector>

#include "pipeline/session/plausibility.hpp"

namespace lensmill::pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

config::RunConfig config_of(const BandNames& bands = {"r"}) {
  config::RunConfig config;
  config.bands = bands;
  config.grid = {.stamp_size_pix = 64, .pixel_scale_arcsec = 0.262};
  return config;
}

/// All values the same.
Spread one_value(const std::string& name, double value, const std::string& unit = "") {
  return {.name = name,
          .unit = unit,
          .rows = 100,
          .low = value,
          .median = value,
          .high = value,
          .least = value,
          .largest = value};
}

auto marked(const std::string& name, const std::string& text) {
  return AllOf(Field(&Suspicion::name, name), Field(&Suspicion::text, HasSubstr(text)));
}

struct Planted {
  Spread spread;
  std::string says;  ///< "": nothing is marked
};

class OneValue : public testing::TestWithParam<Planted> {};

TEST_P(OneValue, IsMarkedBeyondItsLimitOnly) {
  const auto& [spread, says] = GetParam();

  const auto marks = suspicions_of({spread}, config_of());

  if (says.empty()) {
    EXPECT_THAT(marks, IsEmpty());
  } else {
    EXPECT_THAT(marks, ElementsAre(marked(spread.name, says)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Limits, OneValue,
    testing::Values(Planted{one_value("lens_phi_rad", 6.28, "rad"), ""},
                    Planted{one_value("lens_phi_rad", 6.29, "rad"), "lens_phi_deg"},
                    Planted{one_value("lens_phi_rad", -30.0, "rad"), "30 rad"},
                    Planted{one_value("host_mag r", 13.9, "mag"), "too bright"},
                    Planted{one_value("host_mag r", 14.1, "mag"), ""},
                    Planted{one_value("host_mag r", 24.9, "mag"), ""},
                    Planted{one_value("host_mag r", 25.1, "mag"), "too faint"},
                    Planted{one_value("arc_mag r", 13.9, "mag"), "too bright"},
                    Planted{one_value("arc_mag r", 14.1, "mag"), ""},
                    Planted{one_value("arc_snr r", 0.9), "cannot be seen"},
                    Planted{one_value("arc_snr r", 1.1), ""},
                    Planted{one_value("arc_snr r", 2900.0), ""},
                    Planted{one_value("arc_snr r", 3100.0), "of no arc"},
                    Planted{one_value("own_noise_over_stated r", 0.51), ""},
                    Planted{one_value("own_noise_over_stated r", 0.49), "0.49 times"},
                    Planted{one_value("own_noise_over_stated r", 1.9), ""},
                    Planted{one_value("own_noise_over_stated r", 2.1), "2.1 times"},
                    Planted{one_value("psf_fwhm r", 0.019, "arcsec"), "no survey"},
                    Planted{one_value("psf_fwhm r", 0.021, "arcsec"), ""},
                    Planted{one_value("psf_fwhm r", 2.9, "arcsec"), ""},
                    Planted{one_value("psf_fwhm r", 3.1, "arcsec"), "no survey"},
                    Planted{one_value("theta_e", 8.3, "arcsec"), ""},
                    // Half a stamp of 64 pixels is 8.384 arcsec.
                    Planted{one_value("theta_e", 8.4, "arcsec"),
                            "beyond the stamp's edge"}));

TEST(Suspicions, AnEinsteinRadiusFarBelowThePsf) {
  const auto fwhm = one_value("psf_fwhm r", 1.0, "arcsec");

  EXPECT_THAT(suspicions_of({one_value("theta_e", 0.19, "arcsec"), fwhm}, config_of()),
              ElementsAre(marked("theta_e", "images are not separated")));
  EXPECT_THAT(suspicions_of({one_value("theta_e", 0.21, "arcsec"), fwhm}, config_of()),
              IsEmpty());
  // Unlensed controls are no mistake.
  EXPECT_THAT(suspicions_of({one_value("theta_e", 0.0, "arcsec"), fwhm}, config_of()),
              IsEmpty());
}

TEST(Suspicions, HostsThatAreBluerThanAnyInWhateverOrderBandsAreGiven) {
  const std::vector<Spread> exchanged{one_value("host_mag g", 18.5, "mag"),
                                      one_value("host_mag r", 19.5, "mag")};
  const std::vector<Spread> blue{one_value("host_mag g", 19.3, "mag"),
                                 one_value("host_mag r", 19.5, "mag")};

  EXPECT_THAT(suspicions_of(exchanged, config_of({"g", "r"})),
              ElementsAre(marked("host_mag g", "order of the bands")));
  EXPECT_THAT(suspicions_of(exchanged, config_of({"r", "g"})),
              ElementsAre(marked("host_mag g", "brighter than in r by 1.00 mag")));
  EXPECT_THAT(suspicions_of(blue, config_of({"g", "r"})), IsEmpty());
  // Bands whose wavelength is not known by their name are not compared.
  EXPECT_THAT(suspicions_of({one_value("host_mag VIS", 18.5, "mag"),
                             one_value("host_mag r", 19.5, "mag")},
                            config_of({"VIS", "r"})),
              IsEmpty());
}

TEST(Suspicions, FaintInOneBandAloneIsNoMistake) {
  const std::vector<Spread> red{
      one_value("arc_snr u", 0.5), one_value("arc_snr r", 40.0),
      one_value("host_mag u", 25.5, "mag"), one_value("host_mag r", 21.0, "mag")};
  const std::vector<Spread> dark{one_value("arc_snr u", 0.5),
                                 one_value("arc_snr r", 0.8)};

  EXPECT_THAT(suspicions_of(red, config_of({"u", "r"})), IsEmpty());
  EXPECT_THAT(suspicions_of(dark, config_of({"u", "r"})),
              ElementsAre(marked("arc_snr u", "ratio of 0.5"),
                          marked("arc_snr r", "ratio of 0.8")));
}

TEST(SpreadRows, AreSpreadWhereverTheyEnd) {
  const auto rows = spread_rows(4000, 200);
  EXPECT_EQ(rows.size(), 200U);
  EXPECT_EQ(std::set(rows.begin(), rows.end()).size(), 200U);
  // The last axis of a grid of 10 x 20 x 20: all of its values.
  std::set<std::int64_t> last_axis;
  for (const auto row : rows) last_axis.insert(row % 20);
  EXPECT_EQ(last_axis.size(), 20U);
  // The first twenty are in twenty parts of the run.
  std::set<std::int64_t> parts;
  for (std::size_t k = 0; k < 20; ++k) parts.insert(rows[k] / 400);
  EXPECT_EQ(parts.size(), 10U);
  for (const std::int64_t count : {0, 1, 7, 199, 200, 201, 399}) {
    const auto all = spread_rows(count, 200);
    EXPECT_EQ(std::ssize(std::set(all.begin(), all.end())),
              std::min<std::int64_t>(count, 200));
    for (const auto row : all) EXPECT_LT(row, count);
  }
}

TEST(Suspicions, OneAngleInDegreesAmongManyIsSeen) {
  auto spread = one_value("lens_phi_rad", 1.0, "rad");
  spread.largest = 45.0;  // beyond the 95 %

  EXPECT_THAT(suspicions_of({spread}, config_of()),
              ElementsAre(marked("lens_phi_rad", "such as 45 rad")));
}

TEST(Suspicions, NothingMeasuredIsNothingMarked) {
  EXPECT_THAT(suspicions_of({}, config_of({"g", "r", "z"})), IsEmpty());
}

TEST(PlausibilityText, MarksTheRowAndSaysWhy) {
  Plausibility sample{
      .rows = 10,
      .failed = 1,
      .by_status = {{Status::ok, 9}, {Status::no_flux, 1}},
      .spreads = {one_value("lens_phi_rad", 90.0, "rad"),
                  one_value("src_phi_rad", 1.0, "rad"), one_value("arc_snr r", 20.0)},
      .suspicions = {}};
  sample.suspicions = suspicions_of(sample.spreads, config_of());

  const std::string text = sample.text();

  EXPECT_THAT(text, HasSubstr("\n! lens_phi_rad [rad]"));
  EXPECT_THAT(text, testing::Not(HasSubstr("src_phi_rad")));
  EXPECT_THAT(text, HasSubstr("\n  arc_snr r "));
  EXPECT_THAT(text, HasSubstr("status: ok 9 no_flux 1\n"));
  EXPECT_THAT(text, HasSubstr("\n! lens_phi_rad: values such as 90 rad"));
}

}  // namespace
}  // namespace lensmill::pipeline
