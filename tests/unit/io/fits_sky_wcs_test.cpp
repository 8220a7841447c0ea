// World coordinates against astropy 8.0.2 (WCS.all_pix2world, origin 1), which was
// given the headers below and those of the data files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "lib/io/fits/writer.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::fits {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// The references are printed to 12 decimals of a degree (4e-9 arcsec).
constexpr double printed_deg = 2.0e-12;
/// There and back: WCSLIB inverts distortions by iteration to better than this.
constexpr double inverted_pix = 1.0e-6;

struct Reference {
  const char* file;
  int hdu;
  FitsPixel pixel;
  SkyPosition sky;
};

const Reference references[] = {
    {"legacysurvey-decals/c4d_141223_020302_ooi_g_a1-S10.fits",  // TPV
     1,
     {1.0, 1.0},
     {28.411780650392, -16.428903359081}},
    {"legacysurvey-decals/c4d_141223_020302_ooi_g_a1-S10.fits",
     1,
     {100.25, 37.5},
     {28.414561186955, -16.436173213699}},
    {"legacysurvey-decals/c4d_141224_033245_ooi_r_a1-S10.fits",
     1,
     {100.25, 37.5},
     {28.414533087208, -16.436119841296}},
    {"legacysurvey-decals/c4d_141206_043719_ooi_z_a1-S10.fits",
     1,
     {200.0, 200.0},
     {28.426931447135, -16.443424424530}},
    {"legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz",  // TAN, compressed
     1,
     {100.25, 37.5},
     {96.690197356221, 80.370905390431}},
};

std::string write_image(const test_support::TemporaryFolder& folder,
                        const std::vector<Card>& cards) {
  Writer writer;
  writer.add_image("image", Image<float>(128, 256).view(), cards);
  const std::string path = (folder / "wcs.fits").string();
  writer.save(path);
  return path;
}

std::vector<Card> sip_cards() {
  std::vector<Card> cards{{"CTYPE1", "RA---TAN-SIP", ""},
                          {"CTYPE2", "DEC--TAN-SIP", ""}};
  const std::pair<const char*, double> numbers[] = {
      {"CRVAL1", 150.1},  {"CRVAL2", 2.2},    {"CRPIX1", 128.5}, {"CRPIX2", 64.25},
      {"CD1_1", -7.2e-5}, {"CD1_2", 1.1e-6},  {"CD2_1", 1.3e-6}, {"CD2_2", 7.3e-5},
      {"A_2_0", 2.1e-5},  {"A_0_2", -1.4e-5}, {"A_1_1", 8e-6},   {"B_2_0", -1.2e-5},
      {"B_0_2", 1.9e-5},  {"B_1_1", -6e-6}};
  for (const auto& [keyword, value] : numbers) cards.push_back({keyword, value, ""});
  cards.push_back({"A_ORDER", std::int64_t{2}, ""});
  cards.push_back({"B_ORDER", std::int64_t{2}, ""});
  return cards;
}

TEST(SkyWcs, AgreesWithAstropyOnSurveyImages) {
  for (const Reference& reference : references) {
    LENSMILL_NEEDS_DATA(reference.file);
    SCOPED_TRACE(reference.file);
    const auto file = File::open(test_support::data_path(reference.file).string());

    const SkyWcs wcs(file.image(reference.hdu));
    const SkyPosition sky = wcs.sky_of(reference.pixel);
    const auto back = wcs.pixel_of(reference.sky);

    EXPECT_NEAR(sky.ra_deg, reference.sky.ra_deg, printed_deg);
    EXPECT_NEAR(sky.dec_deg, reference.sky.dec_deg, printed_deg);
    ASSERT_TRUE(back.has_value());
    EXPECT_NEAR(back->x, reference.pixel.x, inverted_pix);
    EXPECT_NEAR(back->y, reference.pixel.y, inverted_pix);
  }
}

TEST(SkyWcs, KnowsSipDistortions) {
  const test_support::TemporaryFolder folder;
  const auto file = File::open(write_image(folder, sip_cards()));

  const SkyWcs wcs(file.image(0));
  const SkyPosition corner = wcs.sky_of({1.0, 1.0});
  const SkyPosition inside = wcs.sky_of({200.5, 100.25});
  const auto back = wcs.pixel_of(inside);

  EXPECT_NEAR(corner.ra_deg, 150.109091720917, printed_deg);
  EXPECT_NEAR(corner.dec_deg, 2.195205203365, printed_deg);
  EXPECT_NEAR(inside.ra_deg, 150.094843706724, printed_deg);
  EXPECT_NEAR(inside.dec_deg, 2.202717857052, printed_deg);
  ASSERT_TRUE(back.has_value());
  EXPECT_NEAR(back->x, 200.5, inverted_pix);
  EXPECT_NEAR(back->y, 100.25, inverted_pix);
}

TEST(SkyWcs, TheOtherSideOfTheSkyIsOnNoPixel) {
  const test_support::TemporaryFolder folder;
  const auto file = File::open(write_image(folder, sip_cards()));
  const SkyWcs wcs(file.image(0));
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  EXPECT_FALSE(wcs.pixel_of({.ra_deg = 330.1, .dec_deg = -2.2}).has_value());
  EXPECT_FALSE(wcs.pixel_of({.ra_deg = nan, .dec_deg = 2.2}).has_value());
}

TEST(SkyWcs, AHeaderWithoutCoordinatesIsRefusedByName) {
  const test_support::TemporaryFolder folder;
  const std::string path = write_image(folder, {});
  const auto file = File::open(path);

  EXPECT_THAT([&] { const SkyWcs wcs(file.image(0)); },
              ThrowsMessage<DataError>(
                  testing::AllOf(HasSubstr(path), HasSubstr("celestial coordinates"))));
}

}  // namespace
}  // namespace lensmill::io::fits
