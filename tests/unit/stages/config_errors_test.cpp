#include <gmock/gmock.h>

#include <vector>

#include "lib/core/errors.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"

namespace lensmill::config {
namespace {

using test_support::edited;
using test_support::small_config;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// What is wrong with a configuration, or "" when it is read.
std::string message_of(const std::string& text,
                       const std::vector<std::string>& overrides = {}) {
  try {
    read_run_config_text(text, "run.yaml", overrides);
  } catch (const ConfigError& error) {
    EXPECT_EQ(static_cast<int>(error.exit_code()), 78);
    return error.what();
  }
  return "";
}

/// A file that is there and that nobody reads.
std::string any_file() {
  return (test_support::source_folder() / "configs" / "quickstart.yaml").string();
}

std::string message_of_edit(const std::string& from, const std::string& to) {
  return message_of(edited(small_config, from, to));
}

TEST(ReadRunConfig, TakesTheSmallConfigThatTheseTestsBreak) {
  EXPECT_EQ(message_of(small_config), "");
}

struct BadInput {
  std::string name, from, to, message;
};
class BadConfig : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadConfig, IsNamedByKeyLineAndReason) {
  const auto& [name, from, to, message] = GetParam();
  EXPECT_THAT(message_of_edit(from, to), HasSubstr(message));
}

INSTANTIATE_TEST_SUITE_P(
    EachKind, BadConfig,
    ::testing::Values(
        BadInput{"UnknownKey", "stamp_size_pix", "stamp_sise_pix",
                 "grid.stamp_sise_pix at run.yaml:3: unknown key; did you mean "
                 "stamp_size_pix?"},
        BadInput{"UnknownSection", "noise:", "nose:",
                 "nose at run.yaml:23: unknown key; did you mean noise?"},
        BadInput{"UnknownQuantity", "theta_e_arcsec", "theta_e_arcsce",
                 "priors.theta_e_arcsce at run.yaml:8: unknown quantity; did you mean "
                 "theta_e_arcsec?"},
        BadInput{
            "FromHostWithoutHost", "lens_q: {uniform: [0.6, 1.0]}",
            "lens_q: {from_host: {sigma: 0.1}}",
            "priors.lens_q at run.yaml:9: from_host needs synthetic hosts (the run "
            "has no host); give lens_q another prior"},
        BadInput{"FaberJacksonWithoutKCorrection", "theta_e_arcsec: 1.2",
                 "lens_sigma_v_km_s: {faber_jackson: {band: r, sigma_v_star_km_s: 160, "
                 "mag_star: -21, exponent: 4, scatter_dex: 0}}",
                 "priors.lens_sigma_v_km_s.faber_jackson.k_correction_mag at "
                 "run.yaml:8: required, but missing"},
        BadInput{"NoMatter", "priors:", "cosmology: {omega_m: 0}\npriors:",
                 "cosmology.omega_m at run.yaml:7: must be in [0.01, 1] (got 0)"},
        BadInput{
            "SourceInFrontOfLens", "theta_e_arcsec: 1.2",
            "lens_sigma_v_km_s: 200\n  lens_redshift: 0.5\n  src_redshift: 0.5",
            "priors.src_redshift at run.yaml:10: must be larger than lens_redshift "
            "in every row"},
        BadInput{"WrongUnitOfQuantity", "theta_e_arcsec", "theta_e_pix",
                 "priors.theta_e_pix at run.yaml:8: unknown quantity; the unit is part "
                 "of the name: write theta_e_arcsec"},
        BadInput{"WrongUnit", "fwhm_pix", "fwhm_arcmin",
                 "psf.r.fwhm_arcmin at run.yaml:22: unknown key; the unit is part of "
                 "the name: write fwhm_arcsec or fwhm_pix"},
        BadInput{"WrongType", "stamp_size_pix: 64", "stamp_size_pix: large",
                 "grid.stamp_size_pix at run.yaml:3: must be an integer in [8, 4096] "
                 "(got large)"},
        BadInput{"OutOfRange", "pixel_scale_arcsec: 0.262", "pixel_scale_arcsec: -1.2",
                 "grid.pixel_scale_arcsec at run.yaml:3: must be in (0, 100] (got "
                 "-1.2)"},
        BadInput{"QuantityOutOfRange", "src_q: 0.7", "src_q: 1.7",
                 "priors.src_q at run.yaml:17: must be in (0, 1] (got 1.7)"},
        BadInput{"WrongName", "kind: gaussian", "kind: airy",
                 "psf.r.kind at run.yaml:22: must be one of gaussian, moffat, "
                 "pixelised, psfex (got airy)"},
        BadInput{"WrongSchema", "schema: 1", "schema: 2",
                 "schema at run.yaml:1: must be an integer in [1, 1] (got 2)"},
        BadInput{"MissingSchema", "schema: 1\n", "",
                 "schema at run.yaml:1: required, but missing"},
        BadInput{"MissingFile", "sampled: {count: 10}", "file: {path: absent.csv}",
                 "catalogue.file.path at run.yaml:6: no such file: "},
        BadInput{
            "TwoCatalogues", "sampled: {count: 10}",
            "sampled: {count: 10}\n  sobol: {count: 8}",
            "catalogue.sobol at run.yaml:7: only one of sampled, grid, sobol, file "
            "may be given"},
        BadInput{"NoRows", "{count: 10}", "{count: 0}",
                 "catalogue.sampled.count at run.yaml:6: must be an integer in [1, "
                 "1000000000000000]"},
        BadInput{"BandWithoutPsf", "bands: [r]", "bands: [r, z]",
                 "psf.z at run.yaml:21: required, but missing (every band needs its "
                 "PSF)"},
        BadInput{"BandWithoutGain", "bands: [r]", "bands: [r, z]",
                 "noise.gain_e_per_nmgy.z at run.yaml:25: required, but missing"},
        BadInput{"BandTwice", "bands: [r]", "bands: [r, r]",
                 "bands at run.yaml:4: r is listed twice"},
        BadInput{"BandWithUnderscore", "bands: [r]", "bands: [r_1]",
                 "bands at run.yaml:4: a band's name must be letters and digits"},
        BadInput{"UnknownSampler", "{uniform: [0.6, 1.0]}", "{unifrom: [0.6, 1.0]}",
                 "priors.lens_q.unifrom at run.yaml:9: unknown key; did you mean "
                 "uniform?"},
        BadInput{"ReversedUniform", "[0.6, 1.0]", "[1.0, 0.6]",
                 "priors.lens_q at run.yaml:9: uniform: min must be < max"},
        BadInput{"ClipWithMin", "src_q: 0.7",
                 "src_q: {normal: {mean: 0.6, sigma: 0.1, min: 0.1, clip: [0.1, 1]}}",
                 "priors.src_q.normal.clip at run.yaml:17: goes without min and max"},
        BadInput{"GivenTwiceByAlias",
                 "  lens_q:", "  lens_ellipticity: 0.1\n  lens_q:", "lens_ellipticity"},
        BadInput{"TooManyRows", "count: 10", "count: 9223372036854775807",
                 "catalogue.sampled.count at run.yaml:6: must be an integer in [1, "
                 "1000000000000000] (got 9223372036854775807)"},
        BadInput{"TooManyShards", "count: 10", "count: 1000000000000",
                 "1,000,000,000,000 rows of 4,096 a shard make 244,140,625 shards, at "
                 "most 1,000,000 are possible: give at least 1000000"},
        BadInput{"LongRunName", "name: small", "name: " + std::string(201, 'a'),
                 "run.name at run.yaml:2: must be at most 200 letters"},
        BadInput{"LongBand", "bands: [r]", "bands: [" + std::string(33, 'r') + "]",
                 "bands at run.yaml:4: a band's name must be at most 32 letters"},
        BadInput{"NotMeasured", "src_flux_nmgy_r: 10.0", "src_mag_r: 99",
                 "must be in [-50, 50] (got 99): a mark for `not measured`?"},
        BadInput{"Device", "sampled: {count: 10}", "file: {path: /dev/zero}",
                 "catalogue.file.path at run.yaml:6: is a pipe or device, not a file"},
        BadInput{"NothingGivesIt", "  src_q: 0.7\n", "",
                 "priors at run.yaml:7: src_q: nothing gives it"},
        BadInput{
            "LegacyOversampled",
            "noise:", "convolve: {operator: legacy_ifftshift}\nnoise:",
            "convolve.operator at run.yaml:23: legacy_ifftshift acts on the stamp's "
            "own pixels: it needs `oversample: 1`"},
        BadInput{"NoiseUnstated",
                 "noise:\n  sky_sigma_nmgy: {r: 0.01}\n  "
                 "gain_e_per_nmgy: {r: 500}\n",
                 "", "noise at run.yaml:1: required, but missing"},
        BadInput{"UnknownProduct", "noise:", "output: {products: [positives]}\nnoise:",
                 "output.products at run.yaml:23: unknown product positives; did you "
                 "mean positive?"},
        BadInput{"HostImageWithoutHost", "noise:", "output: {products: [host]}\nnoise:",
                 "there is no host image with `host: none`"},
        BadInput{"ReversedAnnulus",
                 "noise:", "measure: {annulus_pix: [28, 20]}\nnoise:",
                 "measure.annulus_pix at run.yaml:23: the inner radius must be below"},
        BadInput{"NameWithSlash", "name: small", "name: a/b",
                 "run.name at run.yaml:2: must be letters, digits"}),
    [](const auto& test) { return test.param.name; });

TEST(ReadRunConfig, ReportsEverythingAtOnceInTheFilesOrder) {
  auto text = edited(small_config, "pixel_scale_arcsec: 0.262", "pixel_scale: 1");
  text = edited(text, "count: 10", "count: -1");
  text = edited(text, "kind: gaussian", "kind: airy");
  const auto message = message_of(text);

  const auto scale = message.find("grid.pixel_scale at run.yaml:3");
  const auto count = message.find("catalogue.sampled.count at run.yaml:6");
  const auto kind = message.find("psf.r.kind at run.yaml:22");
  EXPECT_LT(scale, count);
  EXPECT_LT(count, kind);
  EXPECT_NE(kind, std::string::npos);
}

TEST(ReadRunConfig, GridAndPriorMustNotGiveTheSameQuantity) {
  const auto message = message_of(edited(small_config, "sampled: {count: 10}",
                                         "grid: {lens_ellipticity: [0.1, 0.2]}"));

  EXPECT_THAT(message, HasSubstr("lens_q"));
  EXPECT_THAT(message, HasSubstr("lens_ellipticity"));
}

TEST(ReadRunConfig, SourcePositionAliasesAreResolved) {
  EXPECT_THAT(message_of(edited(small_config, "sampled: {count: 10}",
                                "grid: {src_x_arcsec: [0.1, 0.2]}")),
              HasSubstr("src_offset"));
  EXPECT_THAT(message_of(edited(small_config, "shear_g1: 0.0",
                                "shear_magnitude: 0.1\n  shear_g1: 0.0")),
              HasSubstr("shear_magnitude"));
}

TEST(ReadRunConfig, PixelResponseIsNotAppliedTwice) {
  const auto text = edited(edited(small_config, "{kind: gaussian, fwhm_pix: 5.0}",
                                  "{kind: psfex, file: \"" + any_file() +
                                      "\", position: [1, 1], "
                                      "normalisation: unit, centring: keep}"),
                           "noise:", "convolve: {oversample: 1}\nnoise:");

  EXPECT_THAT(message_of(text), HasSubstr("convolve.oversample at run.yaml:23: 1 "
                                          "convolves pixel-integrated light"));
  EXPECT_EQ(message_of(text, {"convolve.allow_double_pixel=true"}), "");
}

TEST(ReadRunConfig, PixelisedKernelsMustStateTheirPolicies) {
  const auto message =
      message_of(edited(small_config, "{kind: gaussian, fwhm_pix: 5.0}",
                        "{kind: pixelised, file: \"" + any_file() + "\"}"));

  for (const std::string key : {"includes_pixel", "normalisation", "centring"}) {
    EXPECT_THAT(message, HasSubstr("psf.r." + key + " at run.yaml:22: required"));
  }
}

TEST(ReadRunConfig, CutoutsOfAnotherPixelScaleAreRefused) {
  const auto with_scale = [](const std::string& scale) {
    return edited(small_config, "host: none",
                  "host: {cutouts: {r: \"" + any_file() +
                      "\", zero_point_mag: 30, "
                      "pixel_scale_arcsec: " +
                      scale + "}}");
  };

  EXPECT_THAT(message_of(with_scale("0.2")),
              HasSubstr("host.cutouts.pixel_scale_arcsec at run.yaml:20: 0.2 arcsec "
                        "against the stamps' 0.262 arcsec"));
  EXPECT_THAT(message_of(with_scale("0.2647")), HasSubstr("more than 1 % is refused"));
  EXPECT_EQ(message_of(with_scale("0.2646")), "");
  const auto config = read_run_config_text(with_scale("0.263"), "run.yaml");
  EXPECT_THAT(
      config.warnings,
      ElementsAre(HasSubstr("0.263 arcsec against"),
                  HasSubstr("noise.sky_sigma_nmgy.r at run.yaml:24: not used")));
}

TEST(ReadRunConfig, OverridesAreNamedInMessages) {
  EXPECT_EQ(message_of(small_config, {"grid.stamp_size_pix=3"}),
            "grid.stamp_size_pix from --set grid.stamp_size_pix=3: must be an integer "
            "in [8, 4096] (got 3)");
}

// What the reader can know it says in one go.
TEST(ReadRunConfig, AnErrorHidesNoOther) {
  // In the priors alone: one out of range, one missing.
  auto text = edited(small_config, "lens_q:", "lens_q: 1.4  #");
  text = edited(text, "theta_e_arcsec:", "#");
  EXPECT_THAT(message_of(text),
              AllOf(HasSubstr("priors.lens_q at run.yaml"), HasSubstr("(got 1.4)"),
                    HasSubstr("theta_e_arcsec")));

  // A section that decides nothing about priors hides neither.
  EXPECT_THAT(message_of(text, {"grid.stamp_size_pix=3"}),
              AllOf(HasSubstr("grid.stamp_size_pix"), HasSubstr("(got 1.4)"),
                    HasSubstr("theta_e_arcsec")));

  // A prior that cannot be read is not called missing, and hides no range.
  text = edited(text, "#", "theta_e_arcsec: {unifrm: [0.5, 2.0]}  #");
  EXPECT_THAT(message_of(text),
              AllOf(HasSubstr("did you mean uniform?"), HasSubstr("(got 1.4)"),
                    Not(HasSubstr("nothing gives"))));
}

TEST(ReadRunConfig, AMissingPixelScaleIsAllThatIsSaidOfIt) {
  const auto text = edited(small_config, "pixel_scale_arcsec: 0.262, ", "");
  EXPECT_THAT(
      message_of(text, {"host={cutouts: {file: " + any_file() +
                        ", dataset: x, pixel_scale_arcsec: 0.262, units: nmgy}}"}),
      AllOf(HasSubstr("grid.pixel_scale_arcsec at run.yaml:3: required"),
            Not(HasSubstr("%"))));
}

TEST(ReadRunConfig, TolerancesThatSinglePrecisionCannotKeepAreRefused) {
  const auto with = [](const std::string& render, const std::string& convolve) {
    return message_of(small_config, {render, convolve});
  };
  for (const std::string key : {"pixel_tolerance", "core_tolerance"}) {
    const std::string render = "render." + key;
    EXPECT_THAT(with(render + "=5.0e-6", "convolve.operator=fft"),
                HasSubstr("single-precision transforms cannot keep less than 1e-05"));
    EXPECT_THAT(with(render + "=5.0e-6", "convolve.operator=fft"), HasSubstr(render));
    EXPECT_EQ(with(render + "=1.0e-5", "convolve.operator=fft"), "");
    EXPECT_EQ(with(render + "=1.0e-6", "convolve.operator=direct"), "");
    EXPECT_THAT(with(render + "=1.0e-7", "convolve.operator=direct"),
                HasSubstr("[1e-06, 0.1]"));
  }
}

}  // namespace
}  // namespace lensmill::config
