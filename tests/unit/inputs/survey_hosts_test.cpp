#include "pipeline/inputs/survey_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/fits/writer.hpp"
#include "pipeline/inputs/open_inputs.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::edited;
using test_support::TemporaryFolder;
using test_support::write_bytes;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int side = 200;
constexpr double scale_deg = 0.262 / 3600.0;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
/// Positions go through degrees with 9 decimals: 4e-6 arcsec.
constexpr double printed_pix = 2.0e-4;

struct Geometry {
  double crpix1 = 100.0;
  double crpix2 = 100.0;
  double pixel_deg = scale_deg;
  double turn_rad = 0.0;
  bool has_wcs = true;
};

/// An image [200, 200] with pixel value(y, x) and a TAN projection about (10, 0) deg.
template <class Value>
void write_image(const std::filesystem::path& path, const Geometry& geometry,
                 Value value) {
  Image<float> image(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) image(y, x) = static_cast<float>(value(y, x));
  }
  std::vector<io::fits::Card> cards;
  if (geometry.has_wcs) {
    const double c = geometry.pixel_deg * std::cos(geometry.turn_rad);
    const double s = geometry.pixel_deg * std::sin(geometry.turn_rad);
    cards = {{"CTYPE1", "RA---TAN", ""},
             {"CTYPE2", "DEC--TAN", ""},
             {"CRVAL1", 10.0, ""},
             {"CRVAL2", 0.0, ""},
             {"CRPIX1", geometry.crpix1, ""},
             {"CRPIX2", geometry.crpix2, ""},
             {"CD1_1", -c, ""},
             {"CD1_2", s, ""},
             {"CD2_1", s, ""},
             {"CD2_2", c, ""},
             {"LTV1", -300.0, ""},
             {"LTV2", -400.0, ""}};
  }
  io::fits::Writer writer;
  writer.add_image("image", image.view(), cards);
  writer.save(path.string());
}

/// A number that names its pixel: 1000 y + x, exact in single precision.
double pixel_name(int y, int x) { return 1000.0 * y + x; }

constexpr const char* survey_section =
    "host:\n"
    "  survey:\n"
    "    r: {image: r.fits, units: nmgy}\n"
    "    positions: {file: positions.csv}\n"
    "    sky_subtracted: true";

std::string one_band(const std::string& survey = survey_section) {
  return edited(edited(test_support::small_config, "host: none", survey),
                "  sky_sigma_nmgy: {r: 0.01}\n", "");
}

std::string two_bands() {
  auto text = edited(one_band(), "    r: {image: r.fits, units: nmgy}",
                     "    r: {image: r.fits, units: nmgy}\n"
                     "    z: {image: z.fits, units: nmgy}");
  text = edited(text, "bands: [r]", "bands: [r, z]");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_r: 10.0\n  src_flux_nmgy_z: 10.0");
  text = edited(text, "  r: {kind: gaussian, fwhm_pix: 5.0}",
                "  r: {kind: gaussian, fwhm_pix: 5.0}\n"
                "  z: {kind: gaussian, fwhm_pix: 5.0}");
  return edited(text, "{r: 500}", "{r: 500, z: 500}");
}

config::RunConfig read(const TemporaryFolder& folder, const std::string& text) {
  return config::read_run_config_text(text, "run.yaml", {}, folder.path());
}

std::shared_ptr<const stages::HostCutouts> open(const TemporaryFolder& folder,
                                                const std::string& text) {
  std::vector<std::string> warnings;
  return open_survey_hosts(read(folder, text), warnings);
}

TEST(SurveyHosts, ACutoutHasThePositionsPixelInItsMiddle) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n120.3,80.6\n");
  Image<float> nmgy, invvar, mask;

  const auto hosts = open(folder, one_band());
  hosts->read_with_mask(0, 0, nmgy, invvar, mask);
  const auto place = hosts->place(0, 0);

  // Pixel (120, 81) counted from 1 is [80, 119] counted from 0.
  ASSERT_EQ(hosts->ny(), 65);
  EXPECT_FALSE(hosts->has_invvar());
  EXPECT_EQ(nmgy(32, 32), 80119.0F);
  EXPECT_EQ(nmgy(0, 0), 48087.0F);
  EXPECT_EQ(nmgy(64, 64), 112151.0F);
  for (const float pixel : mask.pixels()) EXPECT_EQ(pixel, 0.0F);
  constexpr double rounding = 1.0e-12;
  EXPECT_TRUE(place.on_image);
  EXPECT_EQ(place.x_pix, 120.3);
  EXPECT_NEAR(place.cutout_x_pix, 32.3, rounding);
  EXPECT_NEAR(place.cutout_y_pix, 31.6, rounding);
  EXPECT_EQ(place.detector_offset_x_pix, 300.0);
  EXPECT_EQ(place.detector_offset_y_pix, 400.0);
}

TEST(SurveyHosts, BandsAreAlignedThroughTheSkyWithinHalfAPixel) {
  const TemporaryFolder folder;
  // The same sky is 7.6 pixels further in x and 3.2 less in y on the second image.
  write_image(folder / "r.fits", {}, pixel_name);
  write_image(folder / "z.fits", {.crpix1 = 107.6, .crpix2 = 96.8}, pixel_name);
  // 20.3 pixels west and 10.1 north of the projection's centre: (120.3, 110.1) in r.
  write_bytes(folder / "positions.csv", "ra_deg,dec_deg\n9.998522611,0.000735056\n");
  Image<float> nmgy, invvar, mask;

  const auto hosts = open(folder, two_bands());
  const auto r = hosts->place(0, 0);
  const auto z = hosts->place(0, 1);
  hosts->read_with_mask(0, 1, nmgy, invvar, mask);

  EXPECT_NEAR(r.x_pix, 120.3, printed_pix);
  EXPECT_NEAR(r.y_pix, 110.1, printed_pix);
  EXPECT_NEAR(z.x_pix, 127.9, printed_pix);
  EXPECT_NEAR(z.y_pix, 106.9, printed_pix);
  // In r the middle is (120, 110), so the host is 0.3, 0.1 from it. Of z's pixels
  // (128, 107) brings it nearest to that: -0.1, -0.1.
  EXPECT_NEAR(z.cutout_x_pix - r.cutout_x_pix, -0.4, 2.0 * printed_pix);
  EXPECT_NEAR(z.cutout_y_pix - r.cutout_y_pix, -0.2, 2.0 * printed_pix);
  EXPECT_EQ(nmgy(32, 32), 106127.0F);
}

TEST(SurveyHosts, AnAstrometricOffsetMovesTheSky) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_bytes(folder / "positions.csv", "ra_deg,dec_deg\n9.998522611,0.000735056\n");
  const auto text = edited(one_band(), "units: nmgy}",
                           "units: nmgy, astrometric_offset_arcsec: [0.262, 0.524]}");

  const auto place = open(folder, text)->place(0, 0);

  // What the WCS calls a place is truly 1 pixel (x runs west) and 2 pixels further.
  EXPECT_NEAR(place.x_pix, 120.3 + 1.0, printed_pix);
  EXPECT_NEAR(place.y_pix, 110.1 - 2.0, printed_pix);
}

TEST(SurveyHosts, OutsideTheImageUndefinedAndWithoutWeightIsMasked) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, [](int y, int x) {
    return y == 20 && x == 12 ? double{nan} : pixel_name(y, x);
  });
  write_image(folder / "w.fits", {}, [](int y, int x) {
    return y == 20 && x == 15 ? 0.0 : y == 20 && x == 16 ? -1.0 : 4.0;
  });
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n11,21\n");
  auto text = edited(one_band(), "units: nmgy}",
                     "zero_point_mag: 25.0, weight: w.fits}\n"
                     "    weight_includes_source_poisson: true");
  Image<float> nmgy, invvar, mask;

  const auto hosts = open(folder, text);
  hosts->read_with_mask(0, 0, nmgy, invvar, mask);

  // [20, 10] is [32, 32]: columns below 22 and rows below 12 are off the image.
  EXPECT_TRUE(hosts->has_invvar());
  EXPECT_EQ(mask(32, 21), 1.0F);
  EXPECT_EQ(mask(32, 22), 0.0F);
  EXPECT_EQ(mask(11, 40), 1.0F);
  EXPECT_EQ(mask(12, 40), 0.0F);
  EXPECT_TRUE(std::isnan(nmgy(32, 21)));
  EXPECT_EQ(invvar(32, 21), 0.0F);
  EXPECT_EQ(mask(32, 34), 1.0F);  // undefined
  EXPECT_EQ(mask(32, 37), 1.0F);  // weight 0
  EXPECT_EQ(mask(32, 38), 1.0F);  // weight -1
  EXPECT_EQ(mask(32, 39), 0.0F);
  EXPECT_TRUE(std::isfinite(nmgy(32, 37)));  // its value is kept
  // 1 unit of zero point 25 is 0.1 nmgy.
  EXPECT_NEAR(nmgy(32, 32), 2001.0, 1.0e-3);
  EXPECT_NEAR(invvar(32, 32), 400.0, 1.0e-3);
}

TEST(SurveyHosts, AWeightMayBeOfAnyKindAndMasksStandBesideIt) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_image(folder / "rms.fits", {},
              [](int y, int x) { return y == 100 && x == 103 ? -1.0 : 0.5; });
  write_image(folder / "bits.fits", {},
              [](int y, int x) { return y == 100 && x == 105 ? 8.0 : 4.0; });
  write_image(folder / "good.fits", {},
              [](int y, int x) { return y == 100 && x == 107 ? 0.0 : 1.0; });
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n101,101\n");
  const auto text = edited(one_band(), "units: nmgy}",
                           "zero_point_mag: 25.0, weight: {file: rms.fits, kind: rms}, "
                           "masks: {cr: {file: bits.fits, bits: [3]}, "
                           "good: {file: good.fits, masked: zero}}}\n"
                           "    weight_includes_source_poisson: true");
  Image<float> nmgy, invvar, mask;

  const auto hosts = open(folder, text);
  hosts->read_with_mask(0, 0, nmgy, invvar, mask);

  int masked = 0;
  for (const float pixel : mask.pixels()) masked += pixel != 0.0F ? 1 : 0;
  EXPECT_EQ(masked, 3);
  EXPECT_EQ(mask(32, 35), 1.0F);  // [100, 103]: no standard deviation
  EXPECT_EQ(mask(32, 37), 1.0F);
  EXPECT_EQ(mask(32, 39), 1.0F);
  EXPECT_EQ(invvar(32, 37), 0.0F);
  // 0.5 units of zero point 25 are 0.05 nmgy.
  EXPECT_NEAR(invvar(32, 32), 400.0, 1.0e-3);

  const auto itself = edited(text, "file: bits.fits", "file: r.fits");
  EXPECT_THAT([&] { open(folder, itself); },
              ThrowsMessage<DataError>(HasSubstr("is the image itself")));
  // A mask alone is no weight: the noise is measured.
  const auto alone =
      edited(one_band(), "units: nmgy}",
             "units: nmgy, weight: {file: good.fits, kind: mask, masked: "
             "zero}}");
  const auto unweighted = open(folder, alone);
  unweighted->read_with_mask(0, 0, nmgy, invvar, mask);
  EXPECT_FALSE(unweighted->has_invvar());
  EXPECT_EQ(mask(32, 39), 1.0F);
}

TEST(SurveyHosts, APositionOffTheImageIsAllMasked) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_bytes(folder / "positions.csv",
              "x_pix,y_pix\n0.4,100\n0.6,100\n200.4,100\n200.5,100\n1e300,5\n");
  Image<float> nmgy, invvar, mask;

  const auto hosts = open(folder, one_band());
  hosts->read_with_mask(4, 0, nmgy, invvar, mask);

  EXPECT_FALSE(hosts->place(0, 0).on_image);
  EXPECT_TRUE(hosts->place(1, 0).on_image);
  EXPECT_TRUE(hosts->place(2, 0).on_image);
  EXPECT_FALSE(hosts->place(3, 0).on_image);
  for (const float pixel : mask.pixels()) EXPECT_EQ(pixel, 1.0F);
}

TEST(SurveyHosts, SkyIsTheFramesMedianOrWhatIsStated) {
  const TemporaryFolder folder;
  // Sky 50 with one bright frame pixel, which a median does not see, and a source.
  write_image(folder / "r.fits", {}, [](int y, int x) {
    return y == 70 && x == 70 ? 1.0e6 : std::hypot(y - 99, x - 99) < 5 ? 80.0 : 50.0;
  });
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n100,100\n");
  const auto local =
      edited(one_band(), "sky_subtracted: true", "sky_subtracted: false");
  const auto stated = edited(local, "units: nmgy}", "units: nmgy, sky: 30}");
  Image<float> nmgy, invvar;

  open(folder, local)->read(0, 0, nmgy, invvar);
  EXPECT_EQ(nmgy(32, 32), 30.0F);
  EXPECT_EQ(nmgy(20, 20), 0.0F);
  open(folder, stated)->read(0, 0, nmgy, invvar);
  EXPECT_EQ(nmgy(32, 32), 50.0F);
}

TEST(SurveyHosts, CutsChooseAndOtherColumnsAreNamed) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_bytes(folder / "positions.csv",
              "XI,YI,flux\n50,50,1\n60,60,5\n70,70,9\n80,80,10.1\n");
  const auto text = edited(one_band(), "{file: positions.csv}",
                           "{file: positions.csv, columns: [xi, YI], frame: pixel, "
                           "cuts: {FLUX: [5, 10]}}");

  const auto hosts = open(folder, text);

  ASSERT_EQ(hosts->count(), 2);
  EXPECT_EQ(hosts->place(0, 0).x_pix, 60.0);
  EXPECT_EQ(hosts->place(1, 0).x_pix, 70.0);
}

TEST(SurveyHosts, ImagesThatDoNotFitAreRefusedByName) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_bytes(folder / "positions.csv", "ra_deg,dec_deg\n10,0\n");
  const auto refused = [&](const std::string& text, const auto& message) {
    EXPECT_THAT([&] { open(folder, text); }, ThrowsMessage<DataError>(message));
  };

  write_image(folder / "z.fits", {.turn_rad = 0.1}, pixel_name);
  refused(two_bands(), AllOf(HasSubstr("z.fits"), HasSubstr("turned")));
  write_image(folder / "z.fits", {.pixel_deg = 1.02 * scale_deg}, pixel_name);
  refused(two_bands(), AllOf(HasSubstr("z.fits"), HasSubstr("+2.00 %")));
  write_image(folder / "z.fits", {.has_wcs = false}, pixel_name);
  refused(two_bands(), AllOf(HasSubstr("z.fits"), HasSubstr("celestial")));

  write_bytes(folder / "positions.csv", "ra_deg,dec_deg,x_pix,y_pix\n10,0,1,1\n");
  refused(one_band(), HasSubstr("both"));
  write_bytes(folder / "positions.csv", "a,b\n10,0\n");
  refused(one_band(), HasSubstr("it has: a, b"));
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n10,zero\n");
  refused(one_band(), HasSubstr("column y_pix"));
}

TEST(SurveyHosts, ScalesAndTurnsAreRefusedAndNoticedFromTheirLimitsOn) {
  const TemporaryFolder folder;
  write_bytes(folder / "positions.csv", "ra_deg,dec_deg\n10,0\n");
  write_image(folder / "r.fits", {}, pixel_name);
  const auto warnings_of = [&](const Geometry& second) {
    write_image(folder / "z.fits", second, pixel_name);
    std::string text;
    for (const auto& warning : open_inputs(read(folder, two_bands()), {}).warnings) {
      if (warning.find("not resampled") != std::string::npos) text += warning;
    }
    return text;
  };

  EXPECT_EQ(warnings_of({.pixel_deg = 1.0009 * scale_deg}), "");
  EXPECT_THAT(warnings_of({.pixel_deg = 1.0011 * scale_deg}), HasSubstr("+0.11 %"));
  EXPECT_THAT(warnings_of({.pixel_deg = 1.0095 * scale_deg}), HasSubstr("+0.95 %"));
  EXPECT_THROW(warnings_of({.pixel_deg = 1.0105 * scale_deg}), DataError);
  // At the edge of 64 pixels two axes' turns are one pixel together from 1/64 rad on.
  EXPECT_EQ(warnings_of({.turn_rad = 0.0152}), "");
  EXPECT_THROW(warnings_of({.turn_rad = 0.0160}), DataError);
}

TEST(SurveyHosts, HostsAreApartFromHalfAPixelOn) {
  const TemporaryFolder folder;
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n100,100\n");
  write_image(folder / "r.fits", {}, pixel_name);
  const auto is_noticed = [&](double shift_pix) {
    write_image(folder / "z.fits",
                {.crpix1 = 100.0 + shift_pix, .crpix2 = 100.0 + shift_pix}, pixel_name);
    const auto opened = open_inputs(read(folder, two_bands()), {});
    return std::ranges::any_of(opened.warnings, [](const auto& warning) {
      return warning.find("lie more than 0.5 pix") != std::string::npos;
    });
  };

  EXPECT_FALSE(is_noticed(0.34));  // 0.48 along the diagonal
  EXPECT_TRUE(is_noticed(0.37));   // 0.52
}

TEST(SurveyHosts, OpeningWarnsOfWhatIsOffAndApart) {
  const TemporaryFolder folder;
  write_image(folder / "r.fits", {}, pixel_name);
  write_image(folder / "z.fits", {.crpix1 = 100.45, .crpix2 = 100.45}, pixel_name);
  write_bytes(folder / "positions.csv", "x_pix,y_pix\n100,100\n-40,100\n");

  const auto opened = open_inputs(read(folder, two_bands()), {});

  EXPECT_THAT(opened.warnings, Contains(AllOf(HasSubstr("band r: 1 of 2 positions"),
                                              HasSubstr("bad_host"))));
  // hypot(0.45, 0.45)
  EXPECT_THAT(opened.warnings,
              Contains(AllOf(HasSubstr("band z: 1 of 2 hosts"), HasSubstr("0.64"))));
  ASSERT_EQ(opened.files.size(), 3U);
  EXPECT_EQ(opened.files[2].role, "host positions");
}

}  // namespace
}  // namespace lensmill::pipeline
