#include <gmock/gmock.h>

#include <fstream>
#include <numbers>

#include "lib/core/errors.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::config {
namespace {

using test_support::edited;
using test_support::small_config;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RunConfig read(const std::string& text, const std::vector<std::string>& overrides = {},
               const std::filesystem::path& folder = ".") {
  return read_run_config_text(text, "run.yaml", overrides, folder);
}

/// The prior of a quantity; fails the test if there is not exactly one.
const catalogue::PriorEntry& prior_of(const RunConfig& config,
                                      const std::string& quantity) {
  const catalogue::PriorEntry* found = nullptr;
  for (const auto& entry : config.priors.entries) {
    if (entry.quantity != quantity) continue;
    EXPECT_EQ(found, nullptr) << quantity << " has two priors";
    found = &entry;
  }
  if (found == nullptr) throw std::runtime_error("no prior of " + quantity);
  return *found;
}

template <class T>
const T& sampler_of(const RunConfig& config, const std::string& quantity) {
  return std::get<T>(std::get<catalogue::Sampler>(prior_of(config, quantity).prior));
}

/// The small config with another prior of src_q.
RunConfig with_src_q(const std::string& form,
                     const std::filesystem::path& folder = ".") {
  return read(edited(small_config, "src_q: 0.7", "src_q: " + form), {}, folder);
}

TEST(ReadRunConfig, ReadsMassFromLight) {
  const RunConfig config = read(edited(
      edited(edited(edited(small_config, "priors:",
                           "cosmology: {h0_km_s_mpc: 50, omega_m: 1}\npriors:"),
                    "theta_e_arcsec: 1.2",
                    "lens_redshift: 0.4\n  src_redshift: 2\n  lens_sigma_v_km_s: "
                    "{faber_jackson: {band: r, sigma_v_star_km_s: 160, mag_star: -21, "
                    "exponent: 3.9, scatter_dex: 0.1, k_correction_mag: [1, 2]}}\n"
                    "  host_mag_r: 20"),
             "lens_q: {uniform: [0.6, 1.0]}",
             "lens_q: {from_host: {sigma: 0.1, min: 0.3}}"),
      "host: none", "host: {sersic: {reff_arcsec: 1, n: 4, q: 0.7}}"));

  EXPECT_EQ(config.cosmology.h0_km_s_mpc, 50.0);
  EXPECT_EQ(config.cosmology.omega_m, 1.0);
  const auto& relation =
      std::get<catalogue::FaberJackson>(prior_of(config, "lens_sigma_v_km_s").prior);
  EXPECT_EQ(relation.band, "r");
  EXPECT_EQ(relation.sigma_v_star_km_s, 160.0);
  EXPECT_EQ(relation.mag_star, -21.0);
  EXPECT_EQ(relation.exponent, 3.9);
  EXPECT_EQ(relation.scatter_dex, 0.1);
  EXPECT_THAT(relation.k_correction_mag, ElementsAre(1.0, 2.0));
  EXPECT_THAT(relation.evolution_mag, ElementsAre(0.0));
  const auto& shape = std::get<catalogue::FromHost>(prior_of(config, "lens_q").prior);
  EXPECT_EQ(shape.sigma, 0.1);
  EXPECT_EQ(shape.min, 0.3);
}

TEST(ReadRunConfig, FillsInDefaults) {
  const RunConfig config = read(small_config);

  EXPECT_EQ(config.run.name, "small");
  EXPECT_EQ(config.run.seed, 7u);
  EXPECT_EQ(config.run.max_failed_fraction, 0.01);
  EXPECT_EQ(config.render.pixel_tolerance, 1.0e-3);
  EXPECT_EQ(config.convolve.oversample, 0);
  EXPECT_EQ(config.psf[0].enclosed_energy, 0.0);  // auto
  EXPECT_THAT(config.measure.aperture_radius_pix, ElementsAre(3.0, 5.0));
  EXPECT_FALSE(config.measure.aperture_centre_pix.has_value());
  EXPECT_THAT(config.output.products, ElementsAre("positive", "negative", "arc"));
  EXPECT_EQ(config.output.directory,
            (std::filesystem::current_path() / "runs/small").string());
  EXPECT_EQ(config.noise.gain_e_per_nmgy[0], 500.0);
  EXPECT_TRUE(config.warnings.empty());
}

TEST(ReadRunConfig, ReadsEverySampler) {
  EXPECT_EQ(sampler_of<catalogue::Constant>(with_src_q("0.5"), "src_q").value, 0.5);
  EXPECT_EQ(
      sampler_of<catalogue::Constant>(with_src_q("{constant: 0.5}"), "src_q").value,
      0.5);

  const auto config =
      with_src_q("{normal: {mean: 0.6, sigma: 0.1, min: 0.2, max: 0.9}}");
  const auto normal = sampler_of<catalogue::Normal>(config, "src_q");
  EXPECT_EQ(normal.mean, 0.6);
  EXPECT_EQ(normal.sigma, 0.1);
  EXPECT_EQ(normal.min, 0.2);
  EXPECT_EQ(normal.max, 0.9);
  EXPECT_EQ(normal.tails, catalogue::Tails::truncate);

  const auto clipped =
      with_src_q("{normal: {mean: 0.6, sigma: 0.1, clip: [0.2, 0.9]}}");
  EXPECT_EQ(sampler_of<catalogue::Normal>(clipped, "src_q").tails,
            catalogue::Tails::clip);
  EXPECT_EQ(sampler_of<catalogue::Normal>(clipped, "src_q").max, 0.9);

  const auto lognormal =
      with_src_q("{lognormal: {median: 0.5, sigma_dex: 0.1, max: 1.0}}");
  EXPECT_EQ(sampler_of<catalogue::Lognormal>(lognormal, "src_q").sigma_dex, 0.1);

  const auto choice = with_src_q("{choice: {values: [0.5, 0.6], weights: [1, 3]}}");
  EXPECT_THAT(sampler_of<catalogue::Choice>(choice, "src_q").weights,
              ElementsAre(1.0, 3.0));
  const auto plain_choice = with_src_q("{choice: [0.5, 0.6]}");
  EXPECT_THAT(sampler_of<catalogue::Choice>(plain_choice, "src_q").values,
              ElementsAre(0.5, 0.6));

  const auto power = with_src_q("{power_law: {index: -1.5, min: 0.1, max: 1.0}}");
  EXPECT_EQ(sampler_of<catalogue::PowerLaw>(power, "src_q").index, -1.5);

  const auto histogram =
      with_src_q("{histogram: {edges: [0.1, 0.2, 0.4], weights: [1, 2]}}");
  EXPECT_THAT(sampler_of<catalogue::Histogram>(histogram, "src_q").edges,
              ElementsAre(0.1, 0.2, 0.4));

  const auto multiple = with_src_q("{multiple_of: {column: lens_q, factor: 0.5}}");
  const auto& of = std::get<catalogue::MultipleOf>(prior_of(multiple, "src_q").prior);
  EXPECT_EQ(of.column, "lens_q");
  EXPECT_EQ(of.factor, 0.5);
  EXPECT_EQ(prior_of(multiple, "src_q").where, "priors.src_q at run.yaml:17");
}

TEST(ReadRunConfig, HistogramsOfFilesAreConvertedFromTheirUnits) {
  const test_support::TemporaryFolder folder;
  const auto write = [&](const std::string& unit) {
    std::ofstream file(folder / "reff.ecsv");
    file << "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n";
    for (const char* name : {"lower", "upper"}) {
      file << "# - {name: " << name << ", unit: " << unit << ", datatype: float64}\n";
    }
    file << "# - {name: weight, datatype: float64}\n"
            "# schema: astropy-2.0\nlower,upper,weight\n100,200,1\n200,400,2\n";
  };
  const auto text = edited(small_config, "src_reff_arcsec: 0.3",
                           "src_reff_arcsec: {histogram: {file: reff.ecsv}}");
  const auto edges_of = [&](const config::RunConfig& config) {
    return sampler_of<catalogue::Histogram>(config, "src_reff_arcsec").edges;
  };
  write("arcsec");
  EXPECT_THAT(edges_of(read(text, {}, folder.path())), ElementsAre(100, 200, 400));
  EXPECT_THAT(read(text, {}, folder.path()).warnings, testing::IsEmpty());

  write("mas");
  const auto converted = read(text, {}, folder.path());

  EXPECT_THAT(edges_of(converted),
              ElementsAre(testing::DoubleEq(0.1), testing::DoubleEq(0.2),
                          testing::DoubleEq(0.4)));
  EXPECT_THAT(sampler_of<catalogue::Histogram>(converted, "src_reff_arcsec").weights,
              ElementsAre(1.0, 2.0));
  ASSERT_THAT(converted.warnings, testing::SizeIs(2));
  EXPECT_THAT(
      converted.warnings[0],
      testing::HasSubstr("column `lower` has the unit `mas`: converted to arcsec"));

  write("pix");
  EXPECT_THAT([&] { read(text, {}, folder.path()); },
              testing::ThrowsMessage<ConfigError>(
                  testing::HasSubstr("column `lower` has the unit `pix`")));
}

TEST(ReadRunConfig, ReadsHistogramsAndJointTablesFromFiles) {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "q.csv") << "lower,upper,weight\n0.1,0.2,1\n0.2,0.4,2\n";
  std::ofstream(folder / "joint.csv") << "src_q,src_sersic_n,w\n0.5,1,1\n0.6,4,3\n";

  const auto histogram = with_src_q("{histogram: {file: q.csv}}", folder.path());
  EXPECT_THAT(sampler_of<catalogue::Histogram>(histogram, "src_q").edges,
              ElementsAre(0.1, 0.2, 0.4));
  EXPECT_THAT(sampler_of<catalogue::Histogram>(histogram, "src_q").weights,
              ElementsAre(1.0, 2.0));

  auto text = edited(small_config, "  src_sersic_n: 1.0\n  src_q: 0.7\n",
                     "  joint_tables: {shape: {file: joint.csv, weight_column: w, "
                     "columns: [src_q, src_sersic_n]}}\n");
  const auto joint = read(text, {}, folder.path());
  ASSERT_EQ(joint.priors.joint_tables.size(), 1u);
  EXPECT_THAT(joint.priors.joint_tables[0].values, ElementsAre(0.5, 1.0, 0.6, 4.0));
  EXPECT_THAT(joint.priors.joint_tables[0].weights, ElementsAre(1.0, 3.0));

  text = edited(text, "weight_column: w", "weight_column: v");
  try {
    read(text, {}, folder.path());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("priors.joint_tables.shape.file at run.yaml:16"));
    EXPECT_THAT(error.what(), HasSubstr("has no column `v`"));
  }
}

TEST(ReadRunConfig, SourceOffsetIsADiscOrPolar) {
  const RunConfig disc = read(small_config);
  EXPECT_EQ(
      std::get<catalogue::Disc>(prior_of(disc, "src_offset").prior).radius_over_theta_e,
      0.8);

  const RunConfig polar = read(edited(
      small_config, "{disc: {radius_over_theta_e: 0.8}}",
      "{radius_over_theta_e: {normal: {mean: 0.6, sigma: 0.18, clip: [0, 1]}}}"));
  EXPECT_EQ(sampler_of<catalogue::Normal>(polar, "src_offset_over_theta_e").mean, 0.6);
  EXPECT_EQ(sampler_of<catalogue::Uniform>(polar, "src_offset_phi_rad").max,
            2.0 * std::numbers::pi);
}

TEST(ReadRunConfig, WidthsSkyAndHostBecomePriors) {
  auto text = edited(small_config, "{kind: gaussian, fwhm_pix: 5.0}",
                     "{kind: moffat, beta: 3.5, fwhm_arcsec: {uniform: [1, 2]}}");
  text = edited(text, "{r: 0.01}", "{r: {uniform: [0.01, 0.02]}}");
  text = edited(text, "host: none",
                "host: {sersic: {reff_arcsec: 1.5, n: 4, ellipticity: 0.1}}");
  text = edited(text, "src_q:", "host_mag_r: 20\n  src_q:");
  const RunConfig config = read(text);

  EXPECT_EQ(sampler_of<catalogue::Uniform>(config, "psf_fwhm_arcsec_r").max, 2.0);
  EXPECT_EQ(sampler_of<catalogue::Constant>(config, "psf_moffat_beta").value, 3.5);
  EXPECT_EQ(sampler_of<catalogue::Uniform>(config, "sky_sigma_nmgy_r").max, 0.02);
  EXPECT_EQ(sampler_of<catalogue::Constant>(config, "host_sersic_n").value, 4.0);
  EXPECT_EQ(sampler_of<catalogue::Constant>(config, "host_ellipticity").value, 0.1);
  EXPECT_EQ(sampler_of<catalogue::Uniform>(config, "host_phi_rad").max,
            std::numbers::pi);
}

TEST(ReadRunConfig, GridIsTheProductOfListsAndRanges) {
  const RunConfig config = read(
      edited(edited(small_config, "sampled: {count: 10}",
                    "grid: {src_reff_arcsec: {from: 0.1, to: 1.0, step: 0.1}, "
                    "theta_e_arcsec: [1, 2]}"),
             "  theta_e_arcsec: 1.2\n", ""),
      {"priors={lens_q: 1, lens_phi_rad: 0, lens_gamma: 2, shear_g1: 0, shear_g2: 0, "
       "src_x_arcsec: 0, src_y_arcsec: 0, src_sersic_n: 1, src_q: 1, src_phi_rad: 0, "
       "src_flux_nmgy_r: 1}"});

  EXPECT_EQ(config.catalogue.count, 20);
  ASSERT_EQ(config.catalogue.grid.size(), 2u);
  EXPECT_EQ(config.catalogue.grid[0].column, "src_reff_arcsec");
  EXPECT_EQ(config.catalogue.grid[0].values.size(), 10u);
  EXPECT_DOUBLE_EQ(config.catalogue.grid[0].values.back(), 1.0);
}

TEST(ReadRunConfig, CommandLineCatalogueReplacesTheConfigs) {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "rows.csv") << "theta_e_arcsec\n1.0\n";

  const RunConfig config =
      read(small_config, {"catalogue={file: {path: rows.csv, overrides_priors: true}}"},
           folder.path());

  EXPECT_EQ(config.catalogue.kind, CatalogueKind::file);
  EXPECT_EQ(config.catalogue.file, (folder / "rows.csv").string());
  EXPECT_TRUE(config.catalogue.overrides_priors);
}

TEST(ReadRunConfig, BandsThatTheRunLeavesOutAreOnlyWarnedOf) {
  const auto text = edited(small_config, "{r: 500}", "{r: 500, z: 300}");

  const RunConfig config = read(text);

  ASSERT_EQ(config.warnings.size(), 1u);
  EXPECT_THAT(config.warnings[0], HasSubstr("noise.gain_e_per_nmgy.z at run.yaml:25"));
}

TEST(ReadRunConfig, PriorsThatNothingUsesAreWarnedOf) {
  const RunConfig unused =
      read(edited(small_config, "  src_q:", "  host_mag_r: 20\n  src_q:"));
  ASSERT_EQ(unused.warnings.size(), 1u);
  EXPECT_THAT(unused.warnings[0],
              HasSubstr("priors.host_mag_r at run.yaml:17: not used ("));

  const RunConfig used =
      read(edited(small_config, "  src_flux_nmgy_r: 10.0",
                  "  host_mag_r: 20\n  src_mag_minus_host_mag_r: 1.0"));
  EXPECT_TRUE(used.warnings.empty());
}

}  // namespace
}  // namespace lensmill::config
