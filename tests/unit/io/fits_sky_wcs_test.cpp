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
    LENSMILL_NEEDS_REAL_DATA(reference.file);
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

std::vector<Card> cards_of(const std::string& longitude, const std::string& latitude,
                           const std::vector<std::pair<const char*, double>>& more) {
  std::vector<Card> cards{{"CTYPE1", longitude, ""}, {"CTYPE2", latitude, ""}};
  const std::pair<const char*, double> numbers[] = {
      {"CRVAL1", 150.1},  {"CRVAL2", 2.2},   {"CRPIX1", 128.5}, {"CRPIX2", 64.25},
      {"CD1_1", -7.2e-5}, {"CD1_2", 1.1e-6}, {"CD2_1", 1.3e-6}, {"CD2_2", 7.3e-5}};
  for (const auto& [keyword, value] : numbers) cards.push_back({keyword, value, ""});
  for (const auto& [keyword, value] : more) cards.push_back({keyword, value, ""});
  return cards;
}

const std::vector<std::pair<const char*, double>> scamp_terms{
    {"PV1_0", 1e-4}, {"PV1_1", 1.01},  {"PV1_2", 2e-3}, {"PV1_4", 0.3},
    {"PV1_5", -0.2}, {"PV1_6", 0.1},   {"PV1_7", 2.0},  {"PV2_0", -2e-4},
    {"PV2_1", 0.99}, {"PV2_2", -1e-3}, {"PV2_4", -0.1}, {"PV2_5", 0.25},
    {"PV2_6", 0.15}, {"PV2_10", -3.0}};

SkyPosition corner_of(const std::vector<Card>& cards) {
  const test_support::TemporaryFolder folder;
  const auto file = File::open(write_image(folder, cards));
  return SkyWcs(file.image(0)).sky_of({1.0, 1.0});
}

void refused(const std::vector<Card>& cards, const std::string& says) {
  EXPECT_THAT([&] { corner_of(cards); }, ThrowsMessage<DataError>(HasSubstr(says)));
}

TEST(SkyWcs, ReadsScampsTermsOfTanAsTpv) {
  for (const std::string code : {"TAN", "TPV"}) {
    const test_support::TemporaryFolder folder;
    const auto file = File::open(
        write_image(folder, cards_of("RA---" + code, "DEC--" + code, scamp_terms)));

    const SkyWcs wcs(file.image(0));
    const auto corner = wcs.sky_of({1.0, 1.0});
    const auto inside = wcs.sky_of({200.5, 100.25});
    const auto back = wcs.pixel_of(inside);

    EXPECT_NEAR(corner.ra_deg, 150.109336228824, printed_deg);
    EXPECT_NEAR(corner.dec_deg, 2.195052690460, printed_deg);
    EXPECT_NEAR(inside.ra_deg, 150.094917052218, printed_deg);
    EXPECT_NEAR(inside.dec_deg, 2.202499656945, printed_deg);
    ASSERT_TRUE(back.has_value());
    EXPECT_NEAR(back->x, 200.5, inverted_pix);
  }
}

TEST(SkyWcs, TanWithoutTermsAndSipBesideTermsAreWhatTheySay) {
  const auto plain = corner_of(cards_of("RA---TAN", "DEC--TAN", {}));
  auto both = sip_cards();
  for (const auto& [keyword, value] : scamp_terms) both.push_back({keyword, value, ""});
  const auto sip = corner_of(both);

  EXPECT_NEAR(plain.ra_deg, 150.109117115783, printed_deg);
  EXPECT_NEAR(plain.dec_deg, 2.195216972246, printed_deg);
  EXPECT_NEAR(sip.ra_deg, 150.109091720917, printed_deg);
  EXPECT_NEAR(sip.dec_deg, 2.195205203365, printed_deg);
}

TEST(SkyWcs, TermsThatAProjectionDoesNotHaveAreRefused) {
  refused(cards_of("RA---STG", "DEC--STG", scamp_terms),
          "projection STG does not have");
  refused(cards_of("RA---TAN", "DEC--TAN", {{"PV1_1", 1.01}, {"PV2_1", 0.99}}),
          "RA---TPV");
  refused(cards_of("RA---SIN", "DEC--SIN", scamp_terms), "projection SIN");
}

/// astropy's galactic frame, from the pole in FK5 J2000 to 12 decimals.
constexpr double rotated_deg = 1.0e-11;

TEST(SkyWcs, TurnsGalacticAxesIntoIcrs) {
  const test_support::TemporaryFolder folder;
  const auto file =
      File::open(write_image(folder, cards_of("GLON-TAN", "GLAT-TAN", {})));

  const SkyWcs wcs(file.image(0));
  const auto corner = wcs.sky_of({1.0, 1.0});
  const auto inside = wcs.sky_of({200.5, 100.25});
  const auto back = wcs.pixel_of(inside);

  EXPECT_NEAR(corner.ra_deg, 63.733704508479, rotated_deg);
  EXPECT_NEAR(corner.dec_deg, 53.961026248415, rotated_deg);
  EXPECT_NEAR(inside.ra_deg, 63.724998887777, rotated_deg);
  EXPECT_NEAR(inside.dec_deg, 53.976300264686, rotated_deg);
  ASSERT_TRUE(back.has_value());
  EXPECT_NEAR(back->x, 200.5, inverted_pix);
  EXPECT_NEAR(back->y, 100.25, inverted_pix);
}

TEST(SkyWcs, OtherFramesAreRefusedByName) {
  const auto with = [](const std::vector<Card>& more) {
    auto cards = cards_of("RA---TAN", "DEC--TAN", {});
    cards.insert(cards.end(), more.begin(), more.end());
    return cards;
  };
  refused(with({{"RADESYS", std::string("FK4"), ""}, {"EQUINOX", 1950.0, ""}}),
          "its frame is FK4 of equinox 1950");
  refused(with({{"EQUINOX", 1950.0, ""}}), "FK4");
  refused(with({{"RADESYS", std::string("FK5"), ""}, {"EQUINOX", 1975.0, ""}}),
          "its frame is FK5 of equinox 1975");
  refused(cards_of("ELON-TAN", "ELAT-TAN", {}), "ELON");
  const auto icrs = corner_of(with({{"RADESYS", std::string("ICRS"), ""}}));
  const auto fk5 =
      corner_of(with({{"RADESYS", std::string("FK5"), ""}, {"EQUINOX", 2000.0, ""}}));
  EXPECT_EQ(icrs.ra_deg, fk5.ra_deg);
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
