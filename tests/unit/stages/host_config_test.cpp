#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::config {
namespace {

using test_support::edited;
using test_support::small_config;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// The small configuration with hosts; every file that it names is there.
class HostConfig : public testing::Test {
 protected:
  HostConfig() { test_support::write_bytes(folder_ / "a.fits", "x"); }
  RunConfig read(const std::string& cutouts) const {
    auto text = edited(small_config, "host: none",
                       "host: {cutouts: {units: nmgy, " + cutouts + "}}");
    text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
    return read_run_config_text(text, "run.yaml", {}, folder_.path());
  }
  void expect_refused(const std::string& cutouts, const std::string& why) const {
    EXPECT_THAT([&] { read(cutouts); }, ThrowsMessage<ConfigError>(HasSubstr(why)))
        << cutouts;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(HostConfig, FilesAreAPatternAListOrAColumn) {
  const auto pattern = read("files: 'cut/*.fits'").host.cutout_files;
  EXPECT_EQ(pattern->images.pattern, at("cut/*.fits"));
  EXPECT_TRUE(pattern->scale_from_header);

  const auto list = read("files: [b.fits, a.fits], pixel_scale_arcsec: 0.262");
  EXPECT_THAT(list.host.cutout_files->images.files,
              ElementsAre(at("b.fits"), at("a.fits")));
  EXPECT_FALSE(list.host.cutout_files->scale_from_header);
  EXPECT_TRUE(list.host.has_masks());

  const auto column =
      read("files: {column: c, table: a.fits}, id_column: id").host.cutout_files;
  EXPECT_EQ(column->images.column, "c");
  EXPECT_EQ(column->images.table, at("a.fits"));
  EXPECT_EQ(column->id_column, "id");
}

TEST_F(HostConfig, WhatIsResolvedReadsBackTheSame) {
  for (const char* files : {"files: 'cut/*.fits'", "files: [b.fits, a.fits]",
                            "files: {column: c, table: a.fits}"}) {
    const auto config = read(std::string(files) +
                             ", weight: {kind: rms, files: 'w/*.fits'}, masks: {cr: "
                             "{extension: MASK, bits: [CR, 3]}}, "
                             "invvar_includes_source_poisson: false");
    const auto again =
        read_run_config_text(config.resolved_yaml, "run.yaml", {}, "/elsewhere");
    EXPECT_EQ(again.resolved_yaml, config.resolved_yaml);
    EXPECT_EQ(again.host.weight_kind, WeightKind::rms);
    EXPECT_EQ(again.host.cutout_files->weights.pattern, at("w/*.fits"));
    EXPECT_THAT(again.host.masks.at(0).bits, ElementsAre("CR", "3"));
    EXPECT_EQ(again.host.masks.at(0).key, "host.cutouts.masks.cr");
  }
}

TEST_F(HostConfig, InvvarAloneMasksNothingAndWeightDoes) {
  const std::string more =
      ", invvar_includes_source_poisson: true, pixel_scale_arcsec: 0.262";
  EXPECT_FALSE(read("r: a.fits, invvar: {r: a.fits}" + more).host.has_masks());
  const auto weighted =
      read("r: a.fits, weight: {kind: variance, files: {r: a.fits}}" + more).host;
  EXPECT_TRUE(weighted.has_masks());
  EXPECT_EQ(weighted.least_valid_fraction(), 0.9);
  EXPECT_EQ(weighted.weight_kind, WeightKind::variance);
  EXPECT_EQ(weighted.invvar_files.at("r"), at("a.fits"));

  const auto mask = read(
                        "r: a.fits, pixel_scale_arcsec: 0.262, weight: {kind: mask, "
                        "files: {r: a.fits}, masked: zero}")
                        .host;
  EXPECT_TRUE(mask.invvar_files.empty());
  EXPECT_TRUE(mask.masks.at(0).zero_masks);
}

TEST_F(HostConfig, MistakesAreNamed) {
  const std::string scale = "pixel_scale_arcsec: 0.262, ";
  expect_refused("files: {column: c}",
                 "is a column of the catalogue, but the catalogue "
                 "is no file");
  expect_refused("files: []", "must name at least one file");
  expect_refused("files: 'a*'\n    , id_column: id", "host.cutouts.id_column");
  expect_refused("files: {column: c, table: a.fits}, id_column: a, id_card: B",
                 "give either this or `id_card`");
  expect_refused("files: 'a*', band_order: [g, z]", "lacks the run's band r");
  expect_refused("files: 'a*', weight: {kind: rms, extension: RMS}",
                 "invvar_includes_source_poisson");
  expect_refused("files: 'a*', weight: {kind: rms}", "host.cutouts.weight");
  expect_refused("files: 'a*', weight: {kind: sigma, extension: RMS}",
                 "host.cutouts.weight.kind");
  expect_refused("files: 'a*', masks: {cr: {extension: M, bits: [53]}}",
                 "a bit's number is from 0 to 52 (got 53");
  expect_refused("files: 'a*', masks: {cr: {extension: M, bits: [0x10]}}",
                 "by its number, not by its value (got 0x10");
  expect_refused("files: 'a*', masks: {cr: {extension: M, bits: [1], masked: zero}}",
                 "`zero` is for images without bits");
  expect_refused(scale +
                     "r: a.fits, invvar: {r: a.fits}, weight: {kind: rms, files: {r: "
                     "a.fits}}, invvar_includes_source_poisson: true",
                 "give either this or `invvar`");
}

}  // namespace
}  // namespace lensmill::config
