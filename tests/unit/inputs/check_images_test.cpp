#include "pipeline/inputs/check_images.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/writer.hpp"
#include "lib/io/sha256.hpp"
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
      ElementsAre(HasSubstr("g.fits contains 2 images, and the first, HDU 0 (N1), is "
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

TEST(CheckHeaders, ScalesOfCutoutsMayDifferByOnePercent) {
  const TemporaryFolder folder;
  const auto write = [&](double scale_arcsec) {
    for (const char* file : {"g.fits", "r.fits"}) {
      io::fits::Writer writer;
      const Image<float> pixels(64, 64, 1.0F);
      const std::vector<Card> cards{{"CTYPE1", std::string("RA---TAN"), ""},
                                    {"CDELT1", -scale_arcsec / 3600.0, ""},
                                    {"CDELT2", scale_arcsec / 3600.0, ""}};
      writer.add_image("image", pixels.view(), cards);
      writer.save((folder / file).string());
    }
  };

  write(0.262 * 1.0099);
  EXPECT_THAT(check_headers(cutouts_config(folder)), IsEmpty());
  write(0.262 * 1.0101);
  EXPECT_THROW(check_headers(cutouts_config(folder)), DataError);
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

}  // namespace
}  // namespace lensmill::pipeline
