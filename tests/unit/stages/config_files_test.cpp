#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <regex>

#include "lib/core/units.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"

namespace lensmill::config {
namespace {

std::vector<std::filesystem::path> config_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           test_support::source_folder() / "configs")) {
    // The section `field` is read by `lensmill field`, and a word to all others.
    if (entry.path().filename().string().starts_with("field")) continue;
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The data files that a configuration names: what follows ${LENSMILL_DATA}/.
std::vector<std::string> data_files_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  static const std::regex name(R"(\$\{LENSMILL_DATA\}/([^"\s,}]+))");
  std::vector<std::string> names;
  for (std::sregex_iterator found(text.begin(), text.end(), name), end; found != end;
       ++found) {
    names.push_back((*found)[1]);
  }
  return names;
}

/// Everything random about two configurations' priors, compared by what they would
/// draw.
void expect_same_priors(const catalogue::Priors& a, const catalogue::Priors& b) {
  ASSERT_EQ(a.entries.size(), b.entries.size());
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    EXPECT_EQ(a.entries[i].quantity, b.entries[i].quantity);
    const auto* first = std::get_if<catalogue::Sampler>(&a.entries[i].prior);
    const auto* second = std::get_if<catalogue::Sampler>(&b.entries[i].prior);
    ASSERT_EQ(first == nullptr, second == nullptr) << a.entries[i].quantity;
    if (first == nullptr) continue;
    for (const double u : {1e-6, 0.31, 0.5, 0.77, 1.0 - 1e-6}) {
      EXPECT_EQ(quantile(*first, u), quantile(*second, u)) << a.entries[i].quantity;
    }
  }
}

void expect_read_without_a_word_and_round_trip(const std::filesystem::path& file) {
  const RunConfig first = read_run_config(file);
  const RunConfig second = read_run_config_text(first.resolved_yaml, "resolved.yaml");

  // Its cutouts are of 0.263" pixels, as its comment says.
  const bool has_a_word = file.filename() == "real_decals.yaml";
  EXPECT_THAT(first.warnings, ::testing::SizeIs(has_a_word ? 1 : 0));
  EXPECT_EQ(second.resolved_yaml, first.resolved_yaml);
  expect_same_priors(first.priors, second.priors);
  EXPECT_EQ(second.catalogue.count, first.catalogue.count);
}

TEST(ConfigFiles, ThoseWithoutDataAreReadWithoutAWordAndRoundTrip) {
  std::size_t read = 0;
  for (const auto& file : config_files()) {
    if (!data_files_of(file).empty()) continue;
    SCOPED_TRACE(file.filename().string());
    expect_read_without_a_word_and_round_trip(file);
    ++read;
  }
  EXPECT_GE(read, 15u);
}

TEST(ConfigFiles, ThoseOfRealDataAreReadWithoutAWordAndRoundTrip) {
  std::size_t read = 0;
  for (const auto& file : config_files()) {
    const auto names = data_files_of(file);
    if (names.empty()) continue;
    SCOPED_TRACE(file.filename().string());
    for (const auto& name : names) LENSMILL_NEEDS_DATA(name);
    expect_read_without_a_word_and_round_trip(file);
    ++read;
  }
  EXPECT_GE(read, 5u);
}

TEST(ConfigFiles, SurveyPresetsHaveTheDepthThatTheyState) {
  // 5-sigma (Euclid: 10-sigma) flux over the pixels it is spread on, as the files'
  // comments say: {file, band, depth, sigmas, pixels}.
  struct Preset {
    const char *file, *band;
    double depth_mag, sigmas, pixels;
  };
  const Preset presets[] = {
      {"legacy_decals", "r", 23.4, 5.0, 112.0},
      {"legacy_bass_mzls", "z", 23.0, 5.0, 53.0},
      {"hsc_wide", "i", 26.2, 5.0, 47.0},
      {"lsst_y1", "r", 25.97, 5.0, 47.0},
      {"euclid_vis", "VIS", 25.6, 10.0, 133.0},
      {"hst_acs_f814w", "F814W", 27.2, 5.0, 13.5},
  };
  for (const auto& preset : presets) {
    SCOPED_TRACE(preset.file);
    const RunConfig config =
        read_run_config(test_support::source_folder() / "configs/survey" /
                        (std::string(preset.file) + ".yaml"));
    const auto quantity = std::string("sky_sigma_nmgy_") + preset.band;
    const auto entry = std::find_if(
        config.priors.entries.begin(), config.priors.entries.end(),
        [&](const catalogue::PriorEntry& e) { return e.quantity == quantity; });
    ASSERT_NE(entry, config.priors.entries.end());

    const double sigma = quantile(std::get<catalogue::Sampler>(entry->prior), 0.5);

    // Three digits of sigma and of the pixels are written down.
    constexpr double written_digits = 0.02;
    EXPECT_NEAR(sigma * preset.sigmas * std::sqrt(preset.pixels) /
                    nmgy_from_mag(preset.depth_mag),
                1.0, written_digits);
  }
}

TEST(ConfigFiles, RealDecalsIsReadAndRoundTrips) {
  LENSMILL_NEEDS_DATA("des-hosts/r.fits");
  const RunConfig first =
      read_run_config(test_support::source_folder() / "configs/real_decals.yaml");
  const RunConfig second = read_run_config_text(first.resolved_yaml, "resolved.yaml");

  EXPECT_EQ(second.resolved_yaml, first.resolved_yaml);
  EXPECT_EQ(second.host.files.at("g"), first.host.files.at("g"));
  EXPECT_TRUE(second.psf[2].position_uniform_ccd);
}

TEST(ConfigFiles, SurveyHostsIsReadAndRoundTrips) {
  LENSMILL_NEEDS_DATA("legacysurvey-decals/decam-00390498-S10-psfex.fits");
  const RunConfig first =
      read_run_config(test_support::source_folder() / "configs/survey_hosts.yaml");
  const RunConfig second = read_run_config_text(first.resolved_yaml, "resolved.yaml");

  EXPECT_THAT(first.warnings, ::testing::IsEmpty());
  EXPECT_EQ(second.resolved_yaml, first.resolved_yaml);
  ASSERT_TRUE(second.host.survey.has_value());
  EXPECT_EQ(second.host.survey->bands[2].weight, first.host.survey->bands[2].weight);
  EXPECT_TRUE(second.psf[0].position_of_host);
  EXPECT_EQ(second.psf[2].outer_wings->moffat_beta, 2.3);
}

TEST(ConfigFiles, TheSeedsCountIsSetFromTheCommandLine) {
  const std::vector<std::string> overrides{"catalogue.sampled.count=20000"};
  const RunConfig config = read_run_config(
      test_support::source_folder() / "configs/seed_gen5.yaml", overrides);

  EXPECT_EQ(config.catalogue.count, 20000);
}

TEST(ConfigFiles, TheSeedsWidthsHaveTheStatedQuantiles) {
  const RunConfig config =
      read_run_config(test_support::source_folder() / "configs/seed_gen5.yaml");
  for (const auto& entry : config.priors.entries) {
    if (entry.quantity != "psf_fwhm_arcsec_r") continue;
    const auto& sampler = std::get<catalogue::Sampler>(entry.prior);
    // The bins' edges are these quantiles; weights of two decimals add up exactly.
    constexpr double rounding = 1e-9;
    EXPECT_NEAR(quantile(sampler, 0.05), 1.12, rounding);
    EXPECT_NEAR(quantile(sampler, 0.50), 1.35, rounding);
    EXPECT_NEAR(quantile(sampler, 0.95), 1.75, rounding);
    return;
  }
  FAIL() << "no width in r";
}

}  // namespace
}  // namespace lensmill::config
