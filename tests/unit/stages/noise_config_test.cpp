#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lib/core/errors.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/image_matchers.hpp"
#include "tests/support/temporary_folder.hpp"

/// \file
/// The keys noise.correlation, noise.invvar and the gain of an exposure.

namespace lensmill::config {
namespace {

using test_support::edited;
using test_support::small_config;
using test_support::TemporaryFolder;
using testing::HasSubstr;
using testing::IsEmpty;

/// small_config with more keys in its section `noise`.
std::string with_noise(const std::string& keys) {
  return small_config + ("  " + keys + "\n");
}

RunConfig read(const std::string& text, const std::filesystem::path& folder = ".") {
  return read_run_config_text(text, "run.yaml", {}, folder);
}

std::string message_of(const std::string& text,
                       const std::filesystem::path& folder = ".") {
  try {
    read(text, folder);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

constexpr const char* three_by_three = "[[0, 0.2, 0.1], [0.3, 1, 0.3], [0.1, 0.2, 0]]";

/// A file as `lensmill noise-model` writes them.
void write_model(const TemporaryFolder& folder, const std::string& lags) {
  std::ofstream(folder / "noise.yaml") << "format: \"lensmill noise model 1\"\n"
                                       << "sigma_rms: 0.003\n"
                                       << "variance_times_invvar: 0.7\n"
                                       << "lags: " << lags << "\n";
}

TEST(NoiseCorrelationKey, AbsentMeansWhiteNoise) {
  EXPECT_FALSE(read(small_config).noise.correlated());
  EXPECT_THAT(read(small_config).resolved_yaml, Not(HasSubstr("correlation")));
}

TEST(NoiseCorrelationKey, TakesLagsInline) {
  const auto config =
      read(with_noise(std::string("correlation: {r: {lags: ") + three_by_three + "}}"));

  ASSERT_EQ(config.noise.correlation.size(), 1u);
  const auto& lags = config.noise.correlation[0].lags;
  ASSERT_EQ(lags.ny(), 3);
  EXPECT_EQ(lags(0, 2), 0.1);
  EXPECT_EQ(lags(1, 0), 0.3);
  EXPECT_EQ(config.noise.correlation[0].variance_times_invvar, 1.0);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(NoiseCorrelationKey, AFileIsRecordedByItsContents) {
  const TemporaryFolder folder;
  write_model(folder, three_by_three);
  const auto config = read(with_noise("correlation: {r: noise.yaml}"), folder.path());
  EXPECT_EQ(config.noise.correlation[0].file, (folder / "noise.yaml").string());
  EXPECT_EQ(config.noise.correlation[0].variance_times_invvar, 0.7);

  // The file may be gone by then.
  const auto again = read(config.resolved_yaml);

  EXPECT_TRUE(test_support::images_identical(again.noise.correlation[0].lags,
                                             config.noise.correlation[0].lags));
  EXPECT_EQ(again.noise.correlation[0].variance_times_invvar, 0.7);
  EXPECT_EQ(again.noise.correlation[0].file, "");
  EXPECT_EQ(again.resolved_yaml, config.resolved_yaml);
}

TEST(NoiseCorrelationKey, WrongTablesAreNamedByKeyLineAndReason) {
  const auto message = [](const std::string& lags) {
    return message_of(with_noise("correlation: {r: {lags: " + lags + "}}"));
  };
  EXPECT_THAT(message("[[0.2, 1, 0.3]]"),
              HasSubstr("noise.correlation.r at run.yaml:26: correlation of the noise: "
                        "lags (dy 0, dx -1) and (0, 1) must be equal"));
  EXPECT_THAT(message("[[0.9, 1, 0.9]]"), HasSubstr("not positive definite"));
  EXPECT_THAT(message("[[0.1, 0.5, 0.1]]"),
              HasSubstr("lag (0, 0), in the middle, must be 1 (got 0.5)"));
  EXPECT_THAT(message("[[1, 0.5]]"), HasSubstr("both sides must be odd"));
  EXPECT_THAT(
      message("[[0, 0, 0], [0, 1], [0, 0, 0]]"),
      HasSubstr("noise.correlation.r.lags[1] at run.yaml:26: all rows must have "
                "the same length (got 2 numbers, the first row has 3)"));
  EXPECT_THAT(
      message("[[0.1, 1, x]]"),
      HasSubstr("noise.correlation.r.lags[0][2] at run.yaml:26: must be a number "
                "(got x)"));
  EXPECT_THAT(message("[[2, 1, 2]]"), HasSubstr("must be in [-1, 1] (got 2)"));
  EXPECT_THAT(message("3"), HasSubstr("must be a list of rows of numbers, e.g."));
  EXPECT_THAT(message_of(with_noise("correlation: {r: {lag: [[1]]}}")),
              HasSubstr("noise.correlation.r.lag at run.yaml:26: unknown key; did you "
                        "mean lags?"));
}

TEST(NoiseCorrelationKey, TakesAPowerSpectrumInsteadOfLags) {
  // S = 1 + 2 * 0.3 cos k at k = 0, 1/4, 1/2, 3/4 of a turn.
  const std::string keys = "correlation: {r: {power_spectrum: [[3.2, 2, 0.8, 2]]}}";
  const auto config = read(with_noise(keys));

  const auto& lags = config.noise.correlation[0].lags;
  ASSERT_EQ(lags.ny(), 1);
  ASSERT_EQ(lags.nx(), 5);
  constexpr double rounding = 1.0e-12;
  EXPECT_NEAR(lags(0, 1), 0.3, rounding);
  EXPECT_NEAR(lags(0, 2), 1.0, rounding);
  EXPECT_NEAR(lags(0, 4), 0.0, rounding);
  EXPECT_TRUE(test_support::images_identical(
      read(config.resolved_yaml).noise.correlation[0].lags, lags));

  EXPECT_THAT(message_of(edited(with_noise(keys), "3.2, 2,", "3.2, 1,")),
              HasSubstr("noise.correlation.r.power_spectrum at run.yaml:26: "
                        "frequencies (ky 0, kx 1) and (0, 3) must be equal"));
  EXPECT_THAT(message_of(edited(with_noise(keys),
                                "power_spectrum:", "lags: [[1]], power_spectrum:")),
              HasSubstr("only one of lags, power_spectrum may be given"));
  EXPECT_THAT(message_of(with_noise("correlation: {r: {}}")),
              HasSubstr("needs one of lags, power_spectrum"));
}

TEST(NoiseCorrelationKey, EveryBandNeedsOne) {
  auto text = edited(with_noise("correlation: {g: {lags: [[1]]}}"), "bands: [r]",
                     "bands: [g, r]");
  EXPECT_THAT(message_of(text),
              HasSubstr("noise.correlation.r at run.yaml:26: required, but missing "
                        "(correlations are given for all bands or none)"));
}

TEST(NoiseCorrelationKey, WrongFilesAreNamedByTheirOwnLines) {
  const TemporaryFolder folder;
  const std::string text = with_noise("correlation: {r: noise.yaml}");
  EXPECT_THAT(message_of(text, folder.path()),
              HasSubstr("noise.correlation.r at run.yaml:26: no such file"));
  std::ofstream(folder / "noise.yaml") << "lags: [[1]]\n";
  EXPECT_THAT(message_of(text, folder.path()), HasSubstr("must be \"lensmill noise"));
  write_model(folder, "[[1, 2, 3]]");
  EXPECT_THAT(message_of(text, folder.path()), HasSubstr("noise.yaml:4: must be in"));
}

TEST(NoiseCorrelationKey, ClippedEigenvaluesAreSaid) {
  // 1 + 2 rho cos k at k = pi is -0.05.
  const auto config = read(with_noise("correlation: {r: {lags: [[0.525, 1, 0.525]]}}"));

  ASSERT_EQ(config.warnings.size(), 1u);
  EXPECT_THAT(config.warnings[0],
              HasSubstr("noise.correlation.r at run.yaml:26: not quite positive "
                        "definite: its negative eigenvalues are clipped, 0."));
}

TEST(NoiseCorrelationKey, ClippingIsSaidFromTwoThousandthsOnAndRefusedFromAHundredth) {
  const auto share_of = [](double rho) {
    Image<double> lags(1, 3, 1.0);
    lags(0, 0) = lags(0, 2) = rho;
    try {
      return imaging::CorrelatedNoise(lags, 64).clipped_share();  // the stamp's size
    } catch (const DataError&) {
      return 1.0;  // refused
    }
  };
  const auto rho_at = [&](double share) {
    double below = 0.5, above = 0.7;
    for (int k = 0; k < 40; ++k) {
      const double middle = 0.5 * (below + above);
      (share_of(middle) < share ? below : above) = middle;
    }
    return 0.5 * (below + above);
  };
  const auto text_of = [](double value) {
    const auto rho = fmt::format("{:.15f}", value);
    return with_noise("correlation: {r: {lags: [[" + rho + ", 1, " + rho + "]]}}");
  };
  const auto warnings_at = [&](double share) {
    return read(text_of(rho_at(share))).warnings.size();
  };
  // Shares above the limit cannot be asked for: next to it they go in a line.
  const double step = rho_at(9.5e-3) - rho_at(9.4e-3);
  const auto near_limit = [&](double steps) {
    return text_of(rho_at(9.5e-3) + steps * step);
  };

  EXPECT_EQ(warnings_at(1.98e-3), 0U);
  EXPECT_EQ(warnings_at(2.02e-3), 1U);
  EXPECT_EQ(message_of(near_limit(4.0)), "");  // 9.9e-3
  EXPECT_THAT(message_of(near_limit(6.0)), HasSubstr("noise.correlation.r"));
}

TEST(GainKey, IsMadeOfAnExposure) {
  const auto config =
      read(edited(small_config, "{r: 500}",
                  "{r: {gain_e_per_adu: 4, exposure_s: 90, zero_point_mag: 25.0}}"));

  // 10^(0.4 * 2.5) ADU per second and nmgy.
  EXPECT_NEAR(config.noise.gain_e_per_nmgy[0], 3600.0, 1.0e-9);
  EXPECT_NEAR(read(config.resolved_yaml).noise.gain_e_per_nmgy[0], 3600.0, 1.0e-9);
  EXPECT_THAT(message_of(edited(small_config, "{r: 500}", "{r: {gain_e_per_adu: 4}}")),
              HasSubstr("noise.gain_e_per_nmgy.r.exposure_s at run.yaml:25: required"));
}

TEST(NoiseInvvarKey, StandsInsteadOfTheSkySigma) {
  const TemporaryFolder folder;
  std::ofstream(folder / "map.fits") << "not looked into yet\n";
  const std::string both = with_noise("invvar: {r: map.fits}");
  EXPECT_THAT(message_of(both, folder.path()),
              HasSubstr("noise.invvar at run.yaml:26: goes without sky_sigma_nmgy"));

  const auto config =
      read(edited(both, "  sky_sigma_nmgy: {r: 0.01}\n", ""), folder.path());

  EXPECT_EQ(config.noise.invvar_files.at("r"), (folder / "map.fits").string());
  EXPECT_FALSE(config.needs_sky_sigma());
}

TEST(NoiseInvvarKey, IsNotForRealHosts) {
  const TemporaryFolder folder;
  std::ofstream(folder / "map.fits") << "not looked into yet\n";
  auto text =
      edited(with_noise("invvar: {r: map.fits}"), "  sky_sigma_nmgy: {r: 0.01}\n", "");
  text =
      edited(text, "host: none",
             "host: {cutouts: {r: map.fits, units: nmgy, pixel_scale_arcsec: 0.262}}");
  EXPECT_THAT(message_of(text, folder.path()),
              HasSubstr("real hosts keep their own noise"));
}

}  // namespace
}  // namespace lensmill::config
