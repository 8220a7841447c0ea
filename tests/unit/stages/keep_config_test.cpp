#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

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
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string with_keep(const std::string& keep, const std::string& text = small_config) {
  return edited(text, "  sampled: {count: 10}\n",
                "  sampled: {count: 10}\n  keep: " + keep + "\n");
}

std::string two_bands() {
  auto text = edited(small_config, "bands: [r]", "bands: [g, r]");
  text = edited(text, "  src_flux_nmgy_r: 10.0\n",
                "  src_flux_nmgy_r: 10.0\n  src_flux_nmgy_g: 5.0\n");
  text = edited(text, "psf:\n", "psf:\n  g: {kind: gaussian, fwhm_pix: 5.0}\n");
  text =
      edited(text, "sky_sigma_nmgy: {r: 0.01}", "sky_sigma_nmgy: {g: 0.01, r: 0.01}");
  return edited(text, "gain_e_per_nmgy: {r: 500}", "gain_e_per_nmgy: {g: 500, r: 500}");
}

KeepSection read(const std::string& keep, const std::string& text = small_config) {
  return read_run_config_text(with_keep(keep, text), "run.yaml").catalogue.keep;
}

void expect_refused(const std::string& keep, const std::string& why,
                    const std::string& text = small_config) {
  EXPECT_THAT(
      [&] { read_run_config_text(with_keep(keep, text), "run.yaml"); },
      ThrowsMessage<ConfigError>(
          AllOf(HasSubstr("catalogue.keep"), HasSubstr("run.yaml:7"), HasSubstr(why))))
      << keep;
}

TEST(KeepConfig, IsAnIntervalByColumnAndBand) {
  const auto keep =
      read("{arc_snr: {r: [5, inf]}, n_images: [4, 5], magnification: [-inf, 20]}",
           two_bands());

  ASSERT_EQ(keep.criteria.size(), 3u);
  EXPECT_EQ(keep.criteria[0].name(), "arc_snr.r");
  EXPECT_EQ(keep.criteria[0].interval, (Interval{5.0, infinity}));
  EXPECT_EQ(keep.criteria[1].name(), "n_images");
  EXPECT_EQ(keep.criteria[1].interval, (Interval{4.0, 5.0}));
  EXPECT_EQ(keep.criteria[2].interval, (Interval{-infinity, 20.0}));
  EXPECT_EQ(keep.min_acceptance, 0.01);
}

TEST(KeepConfig, OneBandNeedsNoName) {
  EXPECT_EQ(read("{arc_snr: [5, .inf]}").criteria[0].name(), "arc_snr");
  EXPECT_EQ(read("{arc_snr: {r: [5, 9]}}").criteria[0].name(), "arc_snr.r");
}

TEST(KeepConfig, WhatIsResolvedReadsBackTheSame) {
  const auto first = read_run_config_text(
      with_keep("{arc_snr: {g: [5, inf], r: [-.inf, 9.5]}, n_images: [2, 5], "
                "min_acceptance: 0.1}",
                two_bands()),
      "run.yaml");
  const auto second = read_run_config_text(first.resolved_yaml, "resolved.yaml");

  EXPECT_EQ(second.resolved_yaml, first.resolved_yaml);
  ASSERT_EQ(second.catalogue.keep.criteria.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(second.catalogue.keep.criteria[k].name(),
              first.catalogue.keep.criteria[k].name());
    EXPECT_EQ(second.catalogue.keep.criteria[k].interval,
              first.catalogue.keep.criteria[k].interval);
  }
  EXPECT_EQ(second.catalogue.keep.min_acceptance, 0.1);
  EXPECT_EQ(second.catalogue.candidates, first.catalogue.candidates);
}

TEST(KeepConfig, ARunWithoutItDoesNotNameIt) {
  const auto config = read_run_config_text(small_config, "run.yaml");

  EXPECT_TRUE(config.catalogue.keep.criteria.empty());
  EXPECT_THAT(config.resolved_yaml, Not(HasSubstr("keep:")));
}

TEST(KeepConfig, CandidatesAreWholeShards) {
  EXPECT_EQ(most_candidates(10, 0.01, 4096), 4096);
  EXPECT_EQ(most_candidates(20'000, 0.01, 4096), 489 * 4096);
  EXPECT_EQ(most_candidates(100, 1.0, 25), 100);
  EXPECT_EQ(most_candidates(101, 1.0, 25), 125);
}

TEST(KeepConfig, UnknownAndUnfitColumnsAreNamedWithTheFix) {
  expect_refused("{arc_srn: [5, inf]}", "did you mean arc_snr?");
  expect_refused("{arc_snr_r: [5, inf]}", "write arc_snr: {r: [min, max]}");
  expect_refused("{theta_e_arcsec: [1, 2]}", "narrow its prior instead");
  expect_refused("{core_flux_fraction: [0, 1]}", "more than one number a row and band");
  expect_refused("{image_magnification: [0, 1]}", "more than one number");
  expect_refused("{arc_snr_correlated: [5, inf]}", "no such column of /measurements");
  expect_refused("{n_images: {r: [4, 5]}}", "has no bands; write n_images: [min, max]");
  expect_refused("{arc_snr: {z: [5, inf]}}", "no band `z` in this run; bands: r");
}

TEST(KeepConfig, ABandMustBeNamedWhereThereAreSeveral) {
  const auto text = two_bands();
  EXPECT_THAT(
      [&] { read("{arc_snr: [5, inf]}", text); },
      ThrowsMessage<ConfigError>(
          AllOf(HasSubstr("has a number in each of the bands g, r"),
                HasSubstr("arc_snr: {g: [min, max]}, or arc_snr_total: [min, max]"))));
}

TEST(KeepConfig, AnIntervalIsTwoNumbersThatLeaveSomething) {
  expect_refused("{magnification: [5, 3]}", "[5, 3] is empty");
  expect_refused("{magnification: [inf, inf]}", "is empty");
  expect_refused("{magnification: 5}", "must be an interval [min, max]");
  expect_refused("{magnification: [5]}", "must be an interval [min, max]");
  expect_refused("{magnification: [5, nan]}", "must be an interval [min, max]");
  expect_refused("{magnification: [5, 'inf']}", "must be an interval [min, max]");
  expect_refused("{magnification: [1, 2, 3]}", "must be an interval [min, max]");
  expect_refused("{arc_snr: {}}", "is an empty map");
  expect_refused("{}", "names no measurement");
  expect_refused("{min_acceptance: 0.5}", "names no measurement");
  expect_refused("{magnification: [3, inf], min_acceptance: 0}", "in (0, 1]");
  expect_refused("{magnification: [3, inf], min_acceptance: 1e-12}",
                 "lets too many candidates be tried");
}

TEST(KeepConfig, CataloguesWithoutACountToReachRefuseIt) {
  const TemporaryFolder folder;
  test_support::write_bytes(folder / "rows.csv", "lens_q\n0.7\n");
  const auto refused = [&](const std::string& from, const std::string& to,
                           const std::string& why) {
    const auto text = edited(with_keep("{magnification: [3, inf]}"), from, to);
    EXPECT_THAT([&] { read_run_config_text(text, "run.yaml", {}, folder.path()); },
                ThrowsMessage<ConfigError>(
                    AllOf(HasSubstr("catalogue.keep at run.yaml:7"), HasSubstr(why),
                          HasSubstr("select among the run's rows afterwards"))))
        << to;
  };
  refused("sampled: {count: 10}", "sobol: {count: 16}", "use `sampled`");
  refused("sampled: {count: 10}", "grid: {src_q: [0.5, 1.0]}", "a grid is made");
  refused("sampled: {count: 10}", "file: {path: rows.csv}", "a file has the rows");
  test_support::write_bytes(folder / "a.fits", "x");
  refused("host: none",
          "host: {cutouts: {r: a.fits, units: nmgy, pixel_scale_arcsec: 0.262, "
          "host_policy: once}}",
          "host_policy: once");
}

}  // namespace
}  // namespace lensmill::config
