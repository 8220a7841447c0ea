#include "pipeline/inputs/open_inputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/sha256.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::edited;
using test_support::small_config;
using test_support::TemporaryFolder;
using test_support::write_cube;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

config::RunConfig read(const TemporaryFolder& folder, const std::string& text) {
  return config::read_run_config_text(text, "run.yaml", {}, folder.path());
}

/// small_config with everything from files that are in `folder`: catalogue, hosts with
/// inverse variance, a kernel, and a prior's table.
std::string text_with_files(const TemporaryFolder& folder) {
  test_support::write_bytes(folder / "rows.csv", "theta_e_arcsec\n1.0\n1.5\n0.5\n");
  test_support::write_bytes(folder / "sizes.csv",
                            "lower,upper,weight\n0.1,0.2,1\n0.2,0.4,3\n");
  write_cube((folder / "hosts.fits").string(), 2, 70, 70, [](int n, int y, int x) {
    return std::exp(-0.02 * std::hypot(x - 34.5, y - 34.5)) +
           0.001 * (n + (x + 3 * y) % 7);
  });
  write_cube((folder / "invvar.fits").string(), 2, 70, 70,
             [](int, int, int) { return 1.0e5; });
  write_cube((folder / "psf.fits").string(), 0, 15, 15, [](int, int y, int x) {
    return std::exp(-0.2 * ((x - 7) * (x - 7) + (y - 7) * (y - 7)));
  });
  auto text = edited(small_config, "sampled: {count: 10}", "file: {path: rows.csv}");
  text = edited(text, "  theta_e_arcsec: 1.2\n", "");
  text = edited(text, "src_reff_arcsec: 0.3",
                "src_reff_arcsec: {histogram: {file: sizes.csv}}");
  text = edited(text, "host: none",
                "host:\n"
                "  cutouts:\n"
                "    r: hosts.fits\n"
                "    invvar: {r: invvar.fits}\n"
                "    invvar_includes_source_poisson: true\n"
                "    units: nmgy\n"
                "    pixel_scale_arcsec: 0.262");
  text = edited(text, "{kind: gaussian, fwhm_pix: 5.0}",
                "{kind: pixelised, file: psf.fits, includes_pixel: true, "
                "normalisation: unit, centring: keep}");
  return edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
}

TEST(OpenInputs, ARunWithoutFilesNeedsNone) {
  const TemporaryFolder folder;

  const auto opened = open_inputs(read(folder, small_config), {});

  EXPECT_THAT(opened.files, IsEmpty());
  EXPECT_THAT(opened.warnings, IsEmpty());
  EXPECT_EQ(opened.inputs->rows->count(), 10);
  EXPECT_EQ(opened.inputs->hosts, nullptr);
  EXPECT_THAT(opened.inputs->psf[0].kernels, IsEmpty());
  EXPECT_EQ(opened.inputs->conflict, catalogue::Conflict::error);
}

TEST(OpenInputs, OpensEveryFileAndRecordsItsDigest) {
  const TemporaryFolder folder;
  const auto config = read(folder, text_with_files(folder));

  const auto opened = open_inputs(config, {});

  std::vector<std::string> roles;
  for (const auto& file : opened.files) {
    roles.push_back(file.role);
    EXPECT_EQ(file.sha256, io::sha256_of(test_support::file_bytes(file.path)));
  }
  EXPECT_THAT(roles, ElementsAre("catalogue", "host r", "host invvar r", "psf r",
                                 "prior table"));
  EXPECT_THAT(opened.files[4].path, testing::EndsWith("sizes.csv"));
  EXPECT_THAT(opened.warnings, IsEmpty());
  const auto& inputs = *opened.inputs;
  EXPECT_THAT(inputs.rows->given(), ElementsAre("theta_e_arcsec"));
  EXPECT_EQ(inputs.psf[0].kernels.size(), 1U);
  ASSERT_NE(inputs.hosts, nullptr);
  EXPECT_TRUE(inputs.hosts->has_invvar());
  EXPECT_EQ(inputs.host_measurements.flux_nmgy.size(), 2U);
  EXPECT_GT(inputs.host_measurements.flux_nmgy[0], 0.0);
  // Ready to run.
  const auto setup = stages::make_setup(config, opened.inputs);
  auto stamp = setup.chain->make_stamp();
  const auto block = inputs.rows->read(1, 1);
  setup.chain->apply(block.injection_id[0], block.row(0), stamp);
  EXPECT_EQ(to_string(stamp.status), to_string(Status::ok));
  EXPECT_EQ(stamp.injection.theta_e_arcsec, 1.5);
}

TEST(OpenInputs, NoiseFilesAreRecorded) {
  const TemporaryFolder folder;
  test_support::write_bytes(folder / "noise.yaml",
                            "format: lensmill noise model 1\n"
                            "lags: [[0.2, 1, 0.2]]\n");
  write_cube((folder / "map.fits").string(), 0, 80, 70,
             [](int, int, int) { return 2.0e4; });
  auto text = edited(small_config, "  sky_sigma_nmgy: {r: 0.01}\n",
                     "  invvar: {r: map.fits}\n  correlation: {r: noise.yaml}\n");
  const auto config = read(folder, text);

  const auto opened = open_inputs(config, {});

  ASSERT_EQ(opened.files.size(), 2U);
  EXPECT_EQ(opened.files[0].role, "noise invvar r");
  EXPECT_FALSE(opened.files[0].resolved);
  EXPECT_EQ(opened.files[1].role, "noise correlation r");
  EXPECT_TRUE(opened.files[1].resolved);
  EXPECT_EQ(opened.files[1].sha256,
            io::sha256_of(test_support::file_bytes(folder / "noise.yaml")));
  // Ready to run.
  const auto setup = stages::make_setup(config, opened.inputs);
  auto stamp = setup.chain->make_stamp();
  setup.chain->apply(1, {}, stamp);
  EXPECT_EQ(stamp.images[0].sky_variance(5, 5), 5.0e-5F);
  EXPECT_LT(stamp.measurement.arc_snr_correlated[0], stamp.measurement.arc_snr[0]);
}

TEST(OpenInputs, TheMagnitudesApertureIsInTheHostsPixels) {
  const TemporaryFolder folder;
  auto config = read(folder, text_with_files(folder));
  Image<float> nmgy, invvar;

  const auto opened = open_inputs(config, {});
  config.host.mag_aperture_arcsec = 4.2;
  const auto wider = open_inputs(config, {});

  // Pixels of the light's disc within 2.1 and 4.2 arcsec = 8.0 and 16.0 pixels.
  const auto& hosts = *opened.inputs->hosts;
  hosts.read(0, 0, nmgy, invvar);
  const auto flux_within = [&](double radius_pix) {
    double flux = 0.0;
    for (int y = 0; y < 70; ++y) {
      for (int x = 0; x < 70; ++x) {
        if (std::hypot(x - 34.5, y - 34.5) <= radius_pix) flux += double{nmgy(y, x)};
      }
    }
    return flux;
  };
  // The background, the same in both, is less than the light here.
  const auto& narrow = opened.inputs->host_measurements.flux_nmgy;
  const auto& wide = wider.inputs->host_measurements.flux_nmgy;
  EXPECT_GT(wide[0], 2.0 * narrow[0]);
  EXPECT_LT(narrow[0], flux_within(2.1 / 0.262));
  EXPECT_LT(wide[0], flux_within(4.2 / 0.262));
}

TEST(OpenInputs, OverridingRowsWin) {
  const TemporaryFolder folder;
  auto text = text_with_files(folder);
  text = edited(text, "path: rows.csv", "path: rows.csv, overrides_priors: true");
  text = edited(text, "priors:\n", "priors:\n  theta_e_arcsec: 1.2\n");
  const auto config = read(folder, text);

  const auto opened = open_inputs(config, {});

  EXPECT_EQ(opened.inputs->conflict, catalogue::Conflict::rows_win);
  const auto setup = stages::make_setup(config, opened.inputs);
  EXPECT_THAT(setup.sampler->overridden(), ElementsAre("theta_e_arcsec"));
}

TEST(OpenInputs, AColumnThatAPriorGivesTooNamesTheFile) {
  const TemporaryFolder folder;
  auto text = text_with_files(folder);
  text = edited(text, "priors:\n", "priors:\n  theta_e_arcsec: 1.2\n");
  const auto config = read(folder, text);
  const auto opened = open_inputs(config, {});

  EXPECT_THAT([&] { stages::make_setup(config, opened.inputs); },
              ThrowsMessage<ConfigError>(
                  AllOf(HasSubstr("priors.theta_e_arcsec"),
                        HasSubstr("is already fixed by theta_e_arcsec in " +
                                  (folder / "rows.csv").string()))));
}

TEST(OpenInputs, HostsForOneRowEachMustSuffice) {
  const TemporaryFolder folder;
  auto text = text_with_files(folder);
  text = edited(text, "    units: nmgy\n", "    units: nmgy\n    host_policy: once\n");
  const auto config = read(folder, text);
  const auto opened = open_inputs(config, {});

  EXPECT_THAT([&] { stages::make_setup(config, opened.inputs); },
              ThrowsMessage<ConfigError>(HasSubstr("(2 hosts, 3 rows)")));
}

TEST(OpenInputs, TheCatalogueIsCheckedAgainstHostsAndKernels) {
  const TemporaryFolder folder;
  const auto text = text_with_files(folder);
  test_support::write_bytes(folder / "rows.csv",
                            "theta_e_arcsec,host_index\n1.0,1\n1.0,2\n");
  const auto config = read(folder, text);

  EXPECT_THAT(
      [&] { open_inputs(config, {}); },
      ThrowsMessage<DataError>(HasSubstr(
          (folder / "rows.csv").string() +
          ": 1 problem in this catalogue:\n  line 3: host_index must be an integer in "
          "[0, 1] (got 2)")));
}

TEST(OpenInputs, UnusableHostsAreWarnedOf) {
  const TemporaryFolder folder;
  const auto config = read(folder, text_with_files(folder));
  write_cube((folder / "hosts.fits").string(), 2, 70, 70, [](int n, int y, int x) {
    return n == 1 && y == 3
               ? std::nan("")
               : 1.0 / (1.0 + std::abs(y - 34.5)) + 0.001 * ((x + 3 * y) % 7);
  });

  const auto opened = open_inputs(config, {});

  EXPECT_THAT(opened.warnings,
              ElementsAre(HasSubstr("band r: 1 (host_index 1) of 2 cutouts have pixels "
                                    "that are not finite")));
}

TEST(OpenInputs, AFileOfTwoBandsIsListedForBoth) {
  const TemporaryFolder folder;
  auto text = text_with_files(folder);
  write_cube((folder / "other.fits").string(), 2, 70, 70, [](int n, int y, int x) {
    return 2.0 * std::exp(-0.02 * std::hypot(x - 34.5, y - 34.5)) +
           0.001 * (n + (x + 3 * y) % 7);
  });
  text = edited(text, "bands: [r]", "bands: [r, i]");
  text = edited(text, "  src_flux_nmgy_r: 10.0",
                "  src_flux_nmgy_r: 10.0\n  src_flux_nmgy_i: 10.0");
  text = edited(text, "    r: hosts.fits\n    invvar: {r: invvar.fits}",
                "    r: hosts.fits\n    i: other.fits\n"
                "    invvar: {r: invvar.fits, i: invvar.fits}");
  text = edited(text, "noise:",
                "  i: {kind: pixelised, file: psf.fits, includes_pixel: true, "
                "normalisation: unit, centring: keep}\nnoise:");
  text = edited(text, "{r: 500}", "{r: 500, i: 500}");

  const auto opened = open_inputs(read(folder, text), {});

  ASSERT_EQ(opened.files.size(), 8U);
  EXPECT_EQ(opened.files[5].role, "psf r");
  EXPECT_EQ(opened.files[6].role, "psf i");
  EXPECT_EQ(opened.files[5].sha256, opened.files[6].sha256);
  EXPECT_THAT(opened.files[6].sha256, Not(IsEmpty()));
}

}  // namespace
}  // namespace lensmill::pipeline
