#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "lib/core/errors.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/temporary_folder.hpp"

/// \file
/// `source`: read as written, refused by key and line.

namespace lensmill::config {
namespace {

using test_support::edited;
using testing::AllOf;
using testing::HasSubstr;

std::string with_source(const std::string& source) {
  return edited(test_support::small_config, "host: none", source + "\nhost: none");
}
const std::string galaxies =
    "source:\n"
    "  galaxies:\n"
    "    catalogue: a.fits\n"
    "    cuts: {MAG: [20, 23], 'sersicfit[1]': [0, 5]}\n";
const std::string clumpy =
    "source:\n"
    "  clumpy:\n"
    "    knots: {choice: [1, 5]}\n"
    "    knot_flux_fraction: 0.3\n"
    "    knot_reff_over_reff: {uniform: [0.05, 0.2]}\n";

RunConfig read(const std::string& text) {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "a.fits") << "x";
  return read_run_config_text(text, "run.yaml", {}, folder.path());
}
std::string message_of(const std::string& text) {
  try {
    read(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(SourceConfig, IsSersicWhenNothingIsSaidOrThatIs) {
  EXPECT_EQ(read(test_support::small_config).source.kind, SourceKind::sersic);
  EXPECT_EQ(read(with_source("source: sersic")).source.kind, SourceKind::sersic);
}

TEST(SourceConfig, GalaxiesWithTheirDefaults) {
  const RunConfig config = read(with_source(galaxies));

  EXPECT_EQ(config.source.kind, SourceKind::galaxies);
  const auto& section = config.source.galaxies;
  EXPECT_TRUE(section.catalogue.ends_with("/a.fits"));
  EXPECT_TRUE(section.fits_catalogue.empty());
  ASSERT_EQ(section.cuts.size(), 2U);
  EXPECT_EQ(section.cuts[0].column, "MAG");
  EXPECT_EQ(section.cuts[1].column, "sersicfit[1]");
  EXPECT_EQ(std::get<catalogue::CutRange>(section.cuts[1].wanted).upper, 5.0L);
  EXPECT_THAT(section.cuts[0].where,
              HasSubstr("source.galaxies.cuts.MAG at run.yaml:"));
  EXPECT_EQ(section.interpolation, SplineDegree::quintic);
  EXPECT_EQ(section.background, light::GalaxyBackground::none);
  EXPECT_EQ(section.segment_sigma, 2.0);
  EXPECT_EQ(section.smoothing_fwhm_arcsec, 0.0);
  EXPECT_FALSE(section.random_flip);
  EXPECT_EQ(section.cache_mib, 64);
}

TEST(SourceConfig, GalaxiesNeedNoSizeAndNoShape) {
  auto text = with_source(galaxies);
  for (const char* line :
       {"  src_reff_arcsec: 0.3\n", "  src_sersic_n: 1.0\n", "  src_q: 0.7\n"}) {
    text = edited(text, line, "");
  }
  EXPECT_EQ(message_of(text), "");
  EXPECT_THAT(message_of(edited(text, "  src_phi_rad: 0.0\n", "")),
              HasSubstr("src_phi_rad"));
}

TEST(SourceConfig, ClumpyWithItsPriors) {
  const RunConfig config = read(with_source(clumpy));

  EXPECT_EQ(config.source.kind, SourceKind::clumpy);
  EXPECT_EQ(config.source.most_knots, 5);
  EXPECT_EQ(config.source.knot_sersic_n, 0.5);
  const auto has = [&](const std::string& name) {
    return std::any_of(config.priors.entries.begin(), config.priors.entries.end(),
                       [&](const auto& entry) { return entry.quantity == name; });
  };
  EXPECT_TRUE(has("src_knots"));
  EXPECT_TRUE(has("src_knot_flux_fraction"));
}

/// `source.point` with no more than it needs.
std::string pointlike(const std::string& point) {
  auto text = with_source("source: {point: {" + point + "}}");
  for (const char* line : {"  src_reff_arcsec: 0.3\n", "  src_sersic_n: 1.0\n",
                           "  src_q: 0.7\n", "  src_phi_rad: 0.0\n"}) {
    text = edited(text, line, "");
  }
  return text;
}

TEST(SourceConfig, PointsWithTheirDefaults) {
  const RunConfig config = read(pointlike(""));

  EXPECT_EQ(config.source.kind, SourceKind::point);
  EXPECT_EQ(config.source.parts(), catalogue::SourceParts::point);
  EXPECT_EQ(config.source.point.min_magnification, 1.0e-5);
  EXPECT_EQ(config.source.point.max_magnification, 1000.0);
  for (const char* line :
       {"min_magnification: 1e-05", "max_magnification: 1000", "host: none"}) {
    EXPECT_THAT(config.resolved_yaml, HasSubstr(line));
  }
}

TEST(SourceConfig, PointsHaveNoSize) {
  const RunConfig config = read(with_source("source: {point: {}}"));

  for (const char* name : {"src_reff_arcsec", "src_sersic_n", "src_q", "src_phi_rad"}) {
    EXPECT_THAT(config.warnings,
                testing::Contains(AllOf(HasSubstr(name), HasSubstr("not used"))));
  }
}

TEST(SourceConfig, PointsInGalaxiesNeedBothParts) {
  EXPECT_EQ(read(with_source("source: {point: {host: {point_fraction: 0.5}}}"))
                .source.parts(),
            catalogue::SourceParts::point_and_galaxy);
  const auto missing = message_of(pointlike("host: {}"));
  for (const char* name : {"src_point_fraction", "src_reff_arcsec", "src_sersic_n",
                           "src_q", "src_phi_rad"}) {
    EXPECT_THAT(missing, HasSubstr(name));
  }
}

struct Case {
  const char* name;
  std::string text, message;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Refused : public testing::TestWithParam<Case> {};
TEST_P(Refused, ByKeyAndLine) {
  EXPECT_THAT(message_of(GetParam().text),
              AllOf(HasSubstr(GetParam().message), HasSubstr("run.yaml:")));
}
INSTANTIATE_TEST_SUITE_P(
    Source, Refused,
    testing::Values(
        Case{"two_kinds",
             with_source("source: {galaxies: {catalogue: a.fits}, clumpy: {}}"),
             "source"},
        Case{"unknown_word", with_source("source: galaxy"), "source"},
        Case{"unknown_kind", with_source("source: {galaxy: {catalogue: a.fits}}"),
             "galaxies"},
        Case{"unknown_key", with_source(galaxies + "    interpolatoin: cubic"),
             "interpolation"},
        Case{"no_catalogue", with_source("source: {galaxies: {cuts: {MAG: [0, 1]}}}"),
             "catalogue"},
        Case{"missing_file", with_source(edited(galaxies, "a.fits", "b.fits")),
             "b.fits"},
        Case{"reversed_cut", with_source(edited(galaxies, "[20, 23]", "[23, 20]")),
             "min <= max"},
        Case{"cut_of_one", with_source(edited(galaxies, "[20, 23]", "23")),
             "source.galaxies.cuts.MAG"},
        Case{"linear", with_source(galaxies + "    interpolation: linear"), "cubic"},
        Case{"threshold_of_nothing", with_source(galaxies + "    segment_sigma: 0"),
             "segment_sigma"},
        Case{"smoothing", with_source(galaxies + "    smoothing_fwhm_arcsec: -1"),
             "smoothing_fwhm_arcsec"},
        Case{"unknown_clumpy_key", with_source(clumpy + "    knot_sersic: 1"),
             "knot_sersic_n"},
        Case{"too_many_knots", with_source(edited(clumpy, "{choice: [1, 5]}", "17")),
             "knots"},
        Case{"half_a_knot", with_source(edited(clumpy, "{choice: [1, 5]}", "1.5")),
             "knots"},
        Case{"too_much_flux", with_source(edited(clumpy, "0.3", "1.2")),
             "knot_flux_fraction"},
        Case{"no_size",
             with_source(edited(
                 clumpy, "    knot_reff_over_reff: {uniform: [0.05, 0.2]}\n", "")),
             "knot_reff_over_reff"},
        Case{"images_that_may_be_bright", pointlike("min_magnification: 1.5"),
             "min_magnification"},
        Case{"a_limit_below_one", pointlike("max_magnification: 0.5"),
             "max_magnification"},
        Case{"a_limit_beyond_what_is_known", pointlike("max_magnification: 1e6"),
             "max_magnification"},
        Case{"more_than_all", pointlike("host: {point_fraction: 1.5}"),
             "point_fraction"},
        Case{"points_on_whole_pixels",
             pointlike("") + "convolve: {oversample: 1, allow_double_pixel: true}\n",
             "by up to half a pixel"},
        Case{"points_misplaced",
             pointlike("") + "convolve: {operator: legacy_ifftshift, oversample: 1}\n",
             "by up to half a pixel"},
        Case{"nothing_to_supersample", pointlike("") + "render: {supersample: 4}\n",
             "supersample"},
        Case{"a_size_of_nothing",
             with_source(edited(clumpy, "{uniform: [0.05, 0.2]}", "0")),
             "knot_reff_over_reff"}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace lensmill::config
