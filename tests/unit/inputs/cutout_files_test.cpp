#include "pipeline/inputs/cutout_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "lib/core/errors.hpp"
#include "lib/io/fits/writer.hpp"
#include "pipeline/inputs/rows_on_hosts.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::Card;
using test_support::edited;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

constexpr int side = 65;

/// What a test changes of a host's file.
struct TestCutout {
  int ny = side;
  double cd_arcsec = 0.262;
  double crpix2_of_second_band = 33.0;
  std::string unit = "nanomaggy";
};

std::vector<Card> cards_of(const TestCutout& cutout, const std::string& band,
                           double crpix2) {
  const double step = cutout.cd_arcsec / 3600.0;
  std::vector<Card> cards{{"BAND", band, ""},
                          {"BUNIT", cutout.unit, ""},
                          {"OBJID", std::string("00") + "7", ""},
                          {"CTYPE1", std::string("RA---TAN"), ""},
                          {"CTYPE2", std::string("DEC--TAN"), ""},
                          {"CRVAL1", 10.0, ""},
                          {"CRVAL2", 2.0, ""},
                          {"CRPIX1", 33.0, ""},
                          {"CRPIX2", crpix2, ""},
                          {"CD1_1", -step, ""},
                          {"CD2_2", step, ""}};
  if (cutout.cd_arcsec == 0.0) cards.resize(3);
  return cards;
}

/// A host's file: bands r and g, an HDU each, pixels that name host and band.
void write_cutout(const std::filesystem::path& path, int host,
                  const TestCutout& cutout = {}) {
  io::fits::Writer writer;
  for (int band = 0; band < 2; ++band) {
    Image<float> image(cutout.ny, side);
    for (int y = 0; y < cutout.ny; ++y) {
      for (int x = 0; x < side; ++x) {
        image(y, x) = static_cast<float>(1000 * host + 100 * band + (x + y) % 10);
      }
    }
    writer.add_image("", image.view(),
                     cards_of(cutout, band == 0 ? "r" : "g",
                              band == 0 ? 33.0 : cutout.crpix2_of_second_band));
  }
  writer.save(path.string());
}

config::RunConfig read(const TemporaryFolder& folder, const std::string& more = "") {
  auto text = edited(test_support::small_config, "host: none",
                     "host: {cutouts: {files: 'cut-*.fits', units: nmgy" + more + "}}");
  text = edited(text, "bands: [r]", "bands: [g, r]");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_r: 10.0\n  src_flux_nmgy_g: 10.0");
  text = edited(text, "  r: {kind: gaussian, fwhm_pix: 5.0}",
                "  r: {kind: gaussian, fwhm_pix: 5.0}\n"
                "  g: {kind: gaussian, fwhm_pix: 5.0}");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  return config::read_run_config_text(edited(text, "{r: 500}", "{r: 500, g: 500}"),
                                      "run.yaml", {}, folder.path());
}

TEST(CutoutFiles, AreReadBandByBandWithFewFilesOpen) {
  constexpr int count = 40;
  // The last host's, and what the test itself may hold.
  constexpr std::ptrdiff_t few = 4;
  const auto open_files = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const TemporaryFolder folder;
  for (int host = 0; host < count; ++host) {
    write_cutout(folder / ("cut-" + std::to_string(100 + host) + ".fits"), host);
  }
  const auto before = open_files();

  const auto opened = open_cutout_files(read(folder), {});
  Image<float> nmgy, invvar, mask;
  for (int host = count - 1; host >= 0; --host) {
    opened.hosts->read_with_mask(host, 0, nmgy, invvar, mask);  // g: the second HDU
    EXPECT_EQ(nmgy(1, 2), static_cast<float>(1000 * host + 100 + 3));
    opened.hosts->read_with_mask(host, 1, nmgy, invvar, mask);
    EXPECT_EQ(nmgy(1, 2), static_cast<float>(1000 * host + 3));
  }

  EXPECT_EQ(opened.hosts->count(), count);
  EXPECT_FALSE(opened.hosts->has_invvar());
  EXPECT_LE(open_files() - before, few);
  EXPECT_THAT(opened.warnings, IsEmpty());
  ASSERT_EQ(opened.files.size(), std::size_t{count});
  EXPECT_EQ(opened.files[3].role, "host cutout 3");
  EXPECT_EQ(opened.files[3].sha256.size(), 64U);
  EXPECT_EQ(opened.ids->texts[3], "cut-103");
}

TEST(CutoutFiles, AreCalledByACard) {
  const TemporaryFolder folder;
  for (int host = 0; host < 2; ++host) {
    write_cutout(folder / ("cut-" + std::to_string(host) + ".fits"), host);
  }

  const auto opened = open_cutout_files(read(folder, ", id_card: OBJID"), {});

  EXPECT_THAT(opened.ids->texts, ElementsAre("007", "007"));
  EXPECT_THAT(opened.warnings, ElementsAre(HasSubstr("several hosts have the id 007")));
}

TEST(CutoutFiles, AllThatCannotBeUsedAreNamedAtOnce) {
  const TemporaryFolder folder;
  write_cutout(folder / "cut-0.fits", 0);
  write_cutout(folder / "cut-1.fits", 1, {.ny = 70});
  write_cutout(folder / "cut-2.fits", 2, {.cd_arcsec = 0.27});
  write_cutout(folder / "cut-3.fits", 3, {.unit = "uJy"});
  write_cutout(folder / "cut-4.fits", 4, {.crpix2_of_second_band = 36.0});
  write_cutout(folder / "cut-5.fits", 5, {.cd_arcsec = 0.0});
  test_support::write_bytes(folder / "cut-6.fits", "<html>");

  EXPECT_THAT(
      [&] { open_cutout_files(read(folder), {}); },
      ThrowsMessage<DataError>(AllOf(
          HasSubstr("cut-1.fits, HDU 1: has 70 x 65 pixels"),
          HasSubstr("cut-2.fits, HDU 1: its pixels are 0.27000 arcsec by its WCS"),
          HasSubstr("cut-3.fits, HDU 1: its unit is 'uJy'"),
          HasSubstr("cut-4.fits, HDU 0: by its WCS it lies 3.0 pix from"),
          HasSubstr("cut-5.fits, HDU 1: its header states no pixel scale"),
          HasSubstr("cut-6.fits"), Not(HasSubstr("cut-0.fits, HDU 0: its")))));
}

TEST(CutoutFiles, HeadersThatAreWrongMayBeAccepted) {
  const TemporaryFolder folder;
  write_cutout(folder / "cut-0.fits", 0);
  write_cutout(folder / "cut-1.fits", 1, {.unit = "uJy"});

  const auto opened =
      open_cutout_files(read(folder, ", accept_header_mismatch: true"), {});

  EXPECT_THAT(opened.warnings, ElementsAre(HasSubstr("cut-1.fits")));
}

TEST(CutoutFiles, TheSameFileUnderTwoNamesIsNoticed) {
  const TemporaryFolder folder;
  write_cutout(folder / "cut-0.fits", 0);
  write_cutout(folder / "cut-1.fits", 0);

  EXPECT_THAT(open_cutout_files(read(folder), {}).warnings,
              ElementsAre(HasSubstr("contain the same bytes")));
}

TEST(CutoutFiles, ManyHaveOneDigestThatAnyChangeChanges) {
  constexpr int more_than_are_listed = 257;
  const TemporaryFolder folder;
  write_cutout(folder / "first.fits", 0);
  write_cutout(folder / "last.fits", 1);
  for (int host = 0; host < more_than_are_listed; ++host) {
    const bool last = host + 1 == more_than_are_listed;
    std::filesystem::create_symlink(
        folder / (last ? "last.fits" : "first.fits"),
        folder / ("cut-" + std::to_string(1000 + host) + ".fits"));
  }

  const auto before = open_cutout_files(read(folder), {}).files;
  write_cutout(folder / "last.fits", 2);
  const auto after = open_cutout_files(read(folder), {}).files;

  ASSERT_EQ(before.size(), 1U);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(before[0].role, "host cutouts (257 files: digest of their digests)");
  EXPECT_NE(before[0].sha256, after[0].sha256);
}

TEST(HostIds, AreNumbersWhereAllAre) {
  EXPECT_THAT(make_host_ids({"12", "-3"}).numbers, ElementsAre(12, -3));
  // Names that programs do not write as numbers, and one beyond 64 bits.
  for (const char* name : {"007", "x1", "1.0", "+5", "99999999999999999999"}) {
    const auto ids = make_host_ids({"12", name});
    EXPECT_THAT(ids.numbers, IsEmpty()) << name;
    EXPECT_THAT(ids.texts, ElementsAre("12", name));
    EXPECT_EQ(ids.text_bytes, std::max(std::string(name).size(), std::size_t{2}));
  }
  EXPECT_THAT([] { make_host_ids({std::string(256, 'x')}); },
              ThrowsMessage<DataError>(HasSubstr("has 256 bytes, 255 at most")));
}

TEST(RowsOnHosts, BringTheHostThatEachRowNames) {
  const auto rows = std::make_shared<const catalogue::GridRows>(
      std::vector<catalogue::Axis>{{"lens_q", {0.5, 0.7, 0.9}}});

  const RowsOnHosts on_hosts(rows, {2, 0, 2});
  const auto block = on_hosts.read(1, 2);

  EXPECT_THAT(on_hosts.given(), ElementsAre("lens_q", "host_index"));
  EXPECT_THAT(block.injection_id, ElementsAre(1, 2));
  EXPECT_THAT(block.values, ElementsAre(0.7, 0.0, 0.9, 2.0));
  EXPECT_THAT(
      [&] {
        RowsOnHosts(rows, {2, 0});
      },
      ThrowsMessage<DataError>(HasSubstr("3 rows, but 2 file names")));
}

}  // namespace
}  // namespace lensmill::pipeline
