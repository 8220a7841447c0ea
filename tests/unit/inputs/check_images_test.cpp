#include "pipeline/inputs/check_images.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/writer.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

/// \file
/// What files say of themselves against what a configuration takes them for.

namespace lensmill::pipeline {
namespace {

using io::fits::Card;
using test_support::edited;
using test_support::TemporaryFolder;
using test_support::write_cube;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::ThrowsMessage;

ImageUse used_as(const std::string& band, std::optional<double> zero_point_mag = {}) {
  return {.key = "host.survey." + band + ".image",
          .section = "host.survey",
          .band = band,
          .zero_point_mag = zero_point_mag,
          .pixel_scale_arcsec = 0.262};
}

ImageUse weight_of(ImageUse use) {
  use.is_weight = true;
  return use;
}

std::vector<std::string> problems(const ImageClaims& claims, const ImageUse& use) {
  ClaimFindings findings;
  compare_claims(claims, use, findings);
  return findings.problems;
}

std::vector<std::string> problems_of_unit(const std::string& unit,
                                          const ImageUse& use) {
  return problems({.place = "a.fits, HDU 0", .unit = unit}, use);
}

TEST(StatedUnit, OfAnotherZeroPointIsRefused) {
  EXPECT_THAT(problems_of_unit("nanomaggy", used_as("r")), IsEmpty());
  EXPECT_THAT(problems_of_unit(" NanoMaggies/pix ", used_as("r")), IsEmpty());
  EXPECT_THAT(problems_of_unit("nanomaggy", used_as("r", 22.5)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", used_as("r", 31.4)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", used_as("r", 31.409)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", used_as("r", 31.411)), SizeIs(1));
  EXPECT_THAT(problems_of_unit("uJy", used_as("r")),
              ElementsAre(AllOf(HasSubstr("a.fits, HDU 0: its unit is 'uJy'"),
                                HasSubstr("host.survey.r.image takes it for nmgy"),
                                HasSubstr("state zero_point_mag: 23.9"))));
  EXPECT_EQ(problems_of_unit("nanomaggy", used_as("r", 30.0)).size(), 1U);
  // Mega, not milli; and what no table knows.
  EXPECT_THAT(problems_of_unit("MJy", used_as("r")), IsEmpty());
  EXPECT_THAT(problems_of_unit("furlong", used_as("r")), IsEmpty());
}

TEST(StatedUnit, CountsAreNoNanomaggies) {
  for (const char* unit : {"adu", "ADU", "electrons/s", "DN", "e-", "MJy/sr"}) {
    EXPECT_EQ(problems_of_unit(unit, used_as("r")).size(), 1U) << unit;
    EXPECT_THAT(problems_of_unit(unit, used_as("r", 30.0)), IsEmpty()) << unit;
  }
}

TEST(StatedUnit, OfAWeightIsTheImagesToTheMinusTwo) {
  const auto nmgy = weight_of(used_as("r"));
  for (const char* unit :
       {"1/nanomaggy^2", "nanomaggy^-2", "nanomaggy**(-2)", "1/nmgy**2"}) {
    EXPECT_THAT(problems_of_unit(unit, nmgy), IsEmpty()) << unit;
    EXPECT_EQ(problems_of_unit(unit, weight_of(used_as("r", 30.0))).size(), 1U) << unit;
  }
  EXPECT_EQ(problems_of_unit("1/adu^2", nmgy).size(), 1U);
  // Weights inherit their image's header as it is (DECam's): it says nothing of them.
  EXPECT_THAT(problems_of_unit("adu", nmgy), IsEmpty());
}

TEST(StatedZeroPoint, BeyondAMagnitudeIsRefusedAndBeyondAThirdNoticed) {
  const auto found = [](double mag) {
    ClaimFindings findings;
    const ImageClaims claims{.place = "a.fits, HDU 0",
                             .zero_point_mag = StatedNumber{"MAGZERO", mag}};
    compare_claims(claims, used_as("r", 30.0), findings);
    return std::pair{findings.problems.size(), findings.warnings.size()};
  };

  EXPECT_EQ(found(30.29), std::pair(0UL, 0UL));
  EXPECT_EQ(found(30.31), std::pair(0UL, 1UL));
  EXPECT_EQ(found(29.01), std::pair(0UL, 1UL));
  EXPECT_EQ(found(28.99), std::pair(1UL, 0UL));
  EXPECT_EQ(found(25.1), std::pair(1UL, 0UL));  // per second
}

TEST(StatedScale, MustBeTheAssumedOne) {
  const auto found = [](std::optional<double> wcs, std::optional<double> nominal) {
    ImageClaims claims{.place = "a.fits, HDU 0", .wcs_scale_arcsec = wcs};
    if (nominal) claims.scale_arcsec = StatedNumber{"PIXSCALE", *nominal};
    return problems(claims, used_as("r"));
  };

  EXPECT_THAT(found(0.262 * 1.0099, {}), IsEmpty());
  EXPECT_THAT(found(0.262 * 1.0101, {}), SizeIs(1));
  EXPECT_THAT(found(0.262 * 0.9899, {}), SizeIs(1));
  EXPECT_THAT(found({}, 0.262 * 1.0499), IsEmpty());
  EXPECT_THAT(found({}, 0.262 * 1.0501), SizeIs(1));
  EXPECT_THAT(found({}, 0.27), IsEmpty());    // a rounded keyword
  EXPECT_THAT(found(0.262, 0.4), IsEmpty());  // the WCS is nearer to the truth
  EXPECT_THAT(found(0.396, {}), ElementsAre(HasSubstr("0.39600 arcsec by its WCS")));
  EXPECT_THAT(found({}, 0.396), ElementsAre(HasSubstr("by its PIXSCALE")));
}

TEST(StatedFilter, IsRefusedWhereItIsAnotherBandForCertain) {
  const auto found = [](const std::string& filter, const std::string& band) {
    ClaimFindings findings;
    compare_claims({.place = "a.fits, HDU 0", .filters = {{"FILTER", filter}}},
                   used_as(band), findings);
    EXPECT_THAT(findings.warnings, IsEmpty());
    return findings.problems;
  };

  EXPECT_THAT(found("r DECam SDSS c0002 6415.0 1480.0", "r"), IsEmpty());
  EXPECT_THAT(found("HSC-R", "r"), IsEmpty());
  EXPECT_THAT(found("F814W", "i"), IsEmpty());
  EXPECT_THAT(found("Kp", "r"), IsEmpty());
  EXPECT_THAT(found("g DECam SDSS c0001 4720.0 1520.0", "r"),
              ElementsAre("a.fits, HDU 0: states FILTER = 'g DECam SDSS c0001 4720.0 "
                          "1520.0', another band than r, which host.survey.r.image "
                          "takes it for; name this band's file or HDU"));
  EXPECT_THAT(found("F606W", "f814w"), SizeIs(1));
  EXPECT_THAT(found("g", "f814w"), IsEmpty());
}

TEST(StatedKind, OfAnotherSortIsRefused) {
  const auto found = [](const std::string& type, bool weight) {
    ImageUse use = used_as("r");
    use.is_weight = weight;
    return problems({.place = "a.fits, HDU 0", .type = type}, use).size();
  };

  EXPECT_EQ(found("image", false), 0U);
  EXPECT_EQ(found("image", true), 0U);  // inherited
  EXPECT_EQ(found("wtmap", true), 0U);
  EXPECT_EQ(found("invvar", false), 1U);
  EXPECT_EQ(found("nexp", true), 1U);
  EXPECT_EQ(found("dqmask", true), 1U);
}

TEST(ImageClaims, AreReadFromTheImagesHeader) {
  const TemporaryFolder folder;
  io::fits::Writer writer;
  const Image<float> pixels(4, 5, 1.0F);
  const std::vector<Card> cards{{"BUNIT", std::string("adu"), ""},
                                {"MAGZERO", -99.0, ""},
                                {"ZP", 30.1, ""},
                                {"FILTER", std::string("g"), ""},
                                {"CTYPE1", std::string("RA---TAN"), ""},
                                {"CD1_1", 0.0, ""},
                                {"CD1_2", 0.262 / 3600.0, ""},
                                {"CD2_1", 0.262 / 3600.0, ""},
                                {"CD2_2", 0.0, ""}};
  writer.add_image("image", pixels.view(), cards);
  writer.save((folder / "a.fits").string());

  const auto claims =
      claims_of(io::fits::File::open((folder / "a.fits").string()).first_image());

  EXPECT_EQ(claims.unit, "adu");
  ASSERT_TRUE(claims.zero_point_mag);
  EXPECT_EQ(claims.zero_point_mag->keyword, "ZP");  // -99 is no zero point
  EXPECT_EQ(claims.zero_point_mag->value, 30.1);
  ASSERT_THAT(claims.filters, SizeIs(1));
  EXPECT_EQ(claims.filters[0].value, "g");
  EXPECT_NEAR(claims.wcs_scale_arcsec.value(), 0.262, 1.0e-9);
  EXPECT_FALSE(claims.type);
}

/// A run on cutouts, each band its file; `more` keys of the section.
std::string cutouts_text(const std::string& more) {
  auto text = edited(test_support::small_config, "host: none",
                     "host:\n  cutouts: {g: g.fits, r: r.fits, units: nmgy, "
                     "pixel_scale_arcsec: 0.262" +
                         more + "}");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  text = edited(text, "bands: [r]", "bands: [g, r]");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_r: 10.0\n  src_flux_nmgy_g: 10.0");
  text = edited(text, "fwhm_pix: 5.0}",
                "fwhm_pix: 5.0}\n  g: {kind: gaussian, fwhm_pix: 5.0}");
  return edited(text, "{r: 500}", "{g: 500, r: 500}");
}

config::RunConfig cutouts_config(const TemporaryFolder& folder,
                                 const std::string& more = "") {
  return config::read_run_config_text(cutouts_text(more), "run.yaml", {},
                                      folder.path());
}

std::vector<InputFile> digests(const TemporaryFolder& folder,
                               const std::vector<std::string>& names) {
  std::vector<InputFile> files;
  for (const auto& name : names) {
    const auto path = (folder / name).string();
    files.push_back({.role = "host",
                     .path = path,
                     .sha256 = io::sha256_of_file(path),
                     .resolved = false});
  }
  return files;
}

void write_cutouts(const TemporaryFolder& folder, const std::string& name, int offset) {
  write_cube((folder / name).string(), 2, 64, 64,
             [&](int n, int y, int x) { return offset + n + y + x; });
}

TEST(SharedImages, OneCubeForTwoBandsIsRefusedEvenAsACopy) {
  const TemporaryFolder folder;
  write_cutouts(folder, "g.fits", 1);
  write_cutouts(folder, "r.fits", 1);

  EXPECT_THAT(
      [&] {
        check_shared_images(cutouts_config(folder),
                            digests(folder, {"g.fits", "r.fits"}));
      },
      ThrowsMessage<ConfigError>(
          AllOf(HasSubstr("host.cutouts.g and host.cutouts.r are the same image"),
                HasSubstr("one cube [1, y, x] per band"))));
}

TEST(SharedImages, DifferentOnesPassAndSharedWeightsAreNoticed) {
  const TemporaryFolder folder;
  write_cutouts(folder, "g.fits", 1);
  write_cutouts(folder, "r.fits", 2);
  write_cutouts(folder, "w.fits", 3);

  EXPECT_THAT(check_shared_images(cutouts_config(folder),
                                  digests(folder, {"g.fits", "r.fits"})),
              IsEmpty());
  EXPECT_THAT(
      check_shared_images(cutouts_config(folder,
                                         ", invvar: {g: w.fits, r: w.fits}, "
                                         "invvar_includes_source_poisson: true"),
                          digests(folder, {"g.fits", "r.fits", "w.fits"})),
      ElementsAre(HasSubstr("both bands have the same inverse variances")));
}

TEST(SharedImages, AnImageIsNotItsOwnWeight) {
  const TemporaryFolder folder;
  write_cutouts(folder, "g.fits", 1);
  write_cutouts(folder, "r.fits", 2);

  EXPECT_THAT(
      [&] {
        check_shared_images(cutouts_config(folder,
                                           ", invvar: {g: g.fits, r: r.fits}, "
                                           "invvar_includes_source_poisson: true"),
                            digests(folder, {"g.fits", "r.fits"}));
      },
      ThrowsMessage<ConfigError>(
          HasSubstr("an image is not its own inverse variance")));
}

TEST(CheckHeaders, RefusesAllContradictionsOfARunAtOnceUnlessAccepted) {
  const TemporaryFolder folder;
  for (const char* band : {"g", "r"}) {
    io::fits::Writer writer;
    const std::vector<float> pixels(2 * 64 * 64, 1.0F);
    const std::vector<Card> cards{{"BUNIT", std::string("adu"), ""},
                                  {"BANDS", std::string("gr"), ""},
                                  {"FILTER", std::string("g"), ""}};
    writer.add_cube("cutouts", pixels, 2, 64, 64, cards);
    writer.save((folder / (std::string(band) + ".fits")).string());
  }

  EXPECT_THAT(
      [&] { check_headers(cutouts_config(folder)); },
      ThrowsMessage<DataError>(
          AllOf(HasSubstr("g.fits, HDU 0: its unit is 'adu'"),
                HasSubstr("r.fits, HDU 0: its unit is 'adu'"),
                HasSubstr("its 2 planes are the bands g, r of one host by its header"),
                HasSubstr("host.cutouts.accept_header_mismatch: true"))));
  EXPECT_EQ(
      check_headers(cutouts_config(folder, ", accept_header_mismatch: true")).size(),
      5U);
}

/// g.fits and r.fits with HDUs of these names, one image each.
void write_hdus(const TemporaryFolder& folder, const std::vector<std::string>& names) {
  for (const char* file : {"g.fits", "r.fits"}) {
    io::fits::Writer writer;
    const Image<float> pixels(64, 64, 1.0F);
    for (const auto& name : names) writer.add_image(name, pixels.view(), {});
    writer.save((folder / file).string());
  }
}

TEST(CheckHeaders, ABandsFileThatIsAnotherBandsIsRefusedUnlessAccepted) {
  const TemporaryFolder folder;
  write_hdus(folder, {"G"});

  EXPECT_THAT([&] { check_headers(cutouts_config(folder)); },
              ThrowsMessage<DataError>(AllOf(
                  HasSubstr("r.fits, HDU 0: states EXTNAME = 'G', another band than r"),
                  HasSubstr("host.cutouts.accept_header_mismatch: true"),
                  Not(HasSubstr("g.fits, HDU 0")))));
  EXPECT_THAT(check_headers(cutouts_config(folder, ", accept_header_mismatch: true")),
              ElementsAre(HasSubstr("another band than r")));
}

TEST(CheckHeaders, TheFirstOfSeveralImagesIsNoticedUnlessTheOthersGoWithIt) {
  const TemporaryFolder folder;
  const auto warnings = [&](const std::vector<std::string>& names,
                            const std::string& more = "") {
    write_hdus(folder, names);
    return check_headers(cutouts_config(folder, more));
  };

  EXPECT_THAT(warnings({"SCI"}), IsEmpty());
  EXPECT_THAT(warnings({"SCI", "WHT", "CTX"}), IsEmpty());
  EXPECT_THAT(warnings({"image", "mask", "variance"}), IsEmpty());
  EXPECT_THAT(
      warnings({"N1", "N2"}),
      ElementsAre(HasSubstr("g.fits holds 2 images, and the first, HDU 0 (N1), is "
                            "taken (there are also HDU 1 (N2)); if another is meant, "
                            "give it a file of its own"),
                  HasSubstr("host.cutouts.r: ")));
  EXPECT_THAT(warnings({"WHT", "SCI"}), SizeIs(2));
  // As their own weights: the first is an image.
  EXPECT_THAT(warnings({"SCI", "WHT"},
                       ", invvar: {g: g.fits, r: r.fits}, "
                       "invvar_includes_source_poisson: true"),
              ElementsAre(HasSubstr("host.cutouts.invvar.g: "),
                          HasSubstr("host.cutouts.invvar.r: ")));
}

TEST(CheckHeaders, HoldsAnHdf5UnitAgainstTheConfiguration) {
  const TemporaryFolder folder;
  {
    auto file = io::hdf5::File::create((folder / "hosts.h5").string());
    file.create_dataset("cutouts", ElementType::float32, {1, 2, 64, 64})
        .write_attribute("unit", "uJy");
  }
  const auto text = edited(cutouts_text(""), "g: g.fits, r: r.fits",
                           "file: hosts.h5, dataset: cutouts");
  const auto config = config::read_run_config_text(text, "run.yaml", {}, folder.path());

  EXPECT_THAT(
      [&] { check_headers(config); },
      ThrowsMessage<DataError>(HasSubstr("hosts.h5: /cutouts: its unit is 'uJy'")));
}

TEST(CheckHeaders, TrueImagesContradictNothing) {
  LENSMILL_NEEDS_DATA("legacysurvey-decals/decam-00390498-S10-psfex.fits");
  for (const char* name :
       {"survey_hosts.yaml", "real_decals.yaml", "real_survey.yaml"}) {
    const auto config =
        config::read_run_config(test_support::source_folder() / "configs" / name);

    EXPECT_THAT(check_headers(config), IsEmpty()) << name;
  }
}

TEST(CheckHeaders, ATrueCoaddContradictsNothingButAnotherUnit) {
  LENSMILL_NEEDS_DATA("legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz");
  const auto open = [](const std::string& kind) {
    const auto path = test_support::data_path(
        "legacysurvey-coadd/legacysurvey-0959p805-" + kind + "-g.fits.fz");
    return claims_of(io::fits::File::open(path.string()).first_image());
  };

  EXPECT_THAT(problems(open("image"), used_as("g")), IsEmpty());
  EXPECT_THAT(problems(open("invvar"), weight_of(used_as("g"))), IsEmpty());
  EXPECT_EQ(problems(open("nexp"), weight_of(used_as("g"))).size(), 1U);
  EXPECT_EQ(problems(open("invvar"), used_as("g")).size(), 1U);
  // Its unit and its MAGZERO, both.
  EXPECT_EQ(problems(open("image"), used_as("g", 30.0)).size(), 2U);
}

}  // namespace
}  // namespace lensmill::pipeline
