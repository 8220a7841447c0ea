#include "pipeline/session/plausibility.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/support/chain_runner.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::shipped_config;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

Plausibility sample_of(const config::RunConfig& config) {
  Log log(false);
  return check_plausibility(open_session(config, {}, log));
}

// Galaxies of magnitude 19.6 in r, as red as those at redshift 0.4, zero point 30.
constexpr int hosts = 6;
constexpr int side = 91;
constexpr double noise = 6.0;

double flux_of(char band) {
  const double mag = band == 'g' ? 20.8 : band == 'r' ? 19.6 : 18.8;
  return std::pow(10.0, 0.4 * (30.0 - mag));
}

std::string write_hosts(const TemporaryFolder& folder, char band, double value = 1.0) {
  std::mt19937 engine(std::mt19937::result_type{1} * static_cast<unsigned char>(band));
  std::normal_distribution<double> sky(0.0, noise);
  constexpr double sigma_pix = 4.0;
  constexpr double pi = 3.14159265358979;
  return test_support::write_cube(
      (folder / (std::string(1, band) + ".fits")).string(), hosts, side, side,
      [&](int, int y, int x) {
        // Outside of the stamp, so that no two bands are the same image.
        if (std::isnan(value) && y == 0 && x == 0) return static_cast<double>(band);
        const double square = std::pow(y - 45.0, 2) + std::pow(x - 45.0, 2);
        return value * (flux_of(band) / (2.0 * pi * sigma_pix * sigma_pix) *
                            std::exp(-0.5 * square / (sigma_pix * sigma_pix)) +
                        sky(engine));
      });
}

/// configs/real_decals.yaml on these hosts, with `edits` of it.
config::RunConfig config_with(const TemporaryFolder& folder,
                              const std::vector<std::string>& edits,
                              const std::string& bands = "grz", double value = 1.0) {
  std::vector<std::string> overrides{"catalogue.sampled.count=40"};
  for (std::size_t k = 0; k < bands.size(); ++k) {
    const char band = "grz"[k];
    overrides.push_back(std::string("host.cutouts.") + band + "=" +
                        write_hosts(folder, bands[k], value));
    overrides.push_back(std::string("psf.") + band +
                        "={kind: moffat, beta: 3.5, fwhm_arcsec: 1.2}");
  }
  overrides.insert(overrides.end(), edits.begin(), edits.end());
  return shipped_config("real_decals.yaml", overrides);
}

struct Mistake {
  std::vector<std::string> edits;
  std::string marks;  ///< the quantity
  std::string says;
};

class PlantedMistake : public testing::TestWithParam<Mistake> {};

TEST_P(PlantedMistake, IsMarked) {
  const TemporaryFolder folder;
  const auto& [edits, marks, says] = GetParam();

  const auto sample = sample_of(config_with(folder, edits));

  EXPECT_THAT(sample.suspicions,
              Contains(AllOf(Field(&Suspicion::name, marks),
                             Field(&Suspicion::text, HasSubstr(says)))))
      << sample.text();
}

const std::string brighter = "priors.src_mag_minus_host_mag_r=";

INSTANTIATE_TEST_SUITE_P(
    Plausibility, PlantedMistake,
    testing::Values(
        Mistake{{"host.cutouts.zero_point_mag=22.5"}, "host_mag r", "too bright"},
        Mistake{{"host.cutouts.zero_point_mag=38"}, "host_mag r", "too faint"},
        Mistake{{"priors.lens_phi_rad=45"}, "lens_phi_rad", "degrees"},
        Mistake{
            {"priors.src_phi_rad={uniform: [0, 180]}"}, "src_phi_rad", "src_phi_deg"},
        Mistake{{"priors.shear_phi_rad={uniform: [0, 180]}"},
                "shear_phi_rad",
                "shear_phi_deg"},
        Mistake{{brighter + "12"}, "arc_snr r", "cannot be seen"},
        Mistake{{brighter + "-9"}, "arc_snr r", "of no arc"},
        Mistake{{brighter + "-9"}, "arc_mag r", "too bright"},
        Mistake{{"priors.theta_e_arcsec=0.03"}, "theta_e", "not separated"},
        Mistake{{"priors.theta_e_arcsec=12"}, "theta_e", "beyond the stamp's edge"},
        Mistake{{"psf.r={kind: moffat, beta: 3.5, fwhm_arcsec: 4}"},
                "psf_fwhm r",
                "no survey"}));

TEST(Plausibility, MarksBandsInAnotherOrder) {
  const TemporaryFolder folder;
  const auto sample = sample_of(config_with(folder, {}, "zrg"));

  EXPECT_THAT(sample.suspicions,
              Contains(Field(&Suspicion::text, HasSubstr("order of the bands'"))))
      << sample.text();
}

TEST(Plausibility, OfHostsWithoutPixelsIsHopeless) {
  const TemporaryFolder folder;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto sample = sample_of(config_with(folder, {}, "grz", nan));

  EXPECT_TRUE(sample.hopeless());
  EXPECT_THAT(sample.text(), HasSubstr("status: bad_host 40"));
}

TEST(Plausibility, MarksNothingOfARunWithoutMistakes) {
  const TemporaryFolder folder;
  const auto sample = sample_of(config_with(folder, {}));

  EXPECT_THAT(sample.suspicions, IsEmpty()) << sample.text();
  EXPECT_EQ(sample.rows, 40);
  EXPECT_FALSE(sample.hopeless());
}

TEST(Plausibility, MarksNothingOfTheShippedConfigurations) {
  int looked_at = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           test_support::source_folder() / "configs")) {
    if (entry.path().extension() != ".yaml") continue;
    const auto name = std::filesystem::relative(
                          entry.path(), test_support::source_folder() / "configs")
                          .string();
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    // Those of input files run in cli.demo_data, cli.configs and cli.inject_recover.
    if (text.find("_DATA}/") != std::string::npos ||
        text.find("_BRICK}/") != std::string::npos) {
      continue;
    }
    const bool drawn = text.find("sampled:") != std::string::npos;
    const auto sample = sample_of(shipped_config(
        name, drawn ? std::vector<std::string>{"catalogue.sampled.count=30"}
                    : std::vector<std::string>{}));

    EXPECT_THAT(sample.suspicions, IsEmpty()) << name << "\n" << sample.text();
    ++looked_at;
  }
  EXPECT_GT(looked_at, 15);
}

}  // namespace
}  // namespace lensmill::pipeline
