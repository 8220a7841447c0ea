#include "pipeline/inputs/check_weights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/core/random_stream.hpp"
#include "pipeline/inputs/host_cutouts.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

constexpr int side = 65;
constexpr double sigma = 0.02;

/// Galaxies on white noise of 0.02 nmgy; weights say `stated` of it, per pixel as far
/// as `valid` reaches.
class Noisy final : public stages::HostCutouts {
 public:
  std::int64_t count() const override { return 3; }
  int ny() const override { return side; }
  int nx() const override { return side; }
  bool has_invvar() const override { return weighted; }
  void read(std::int64_t host, int, Image<float>& nmgy,
            Image<float>& invvar) const override {
    RandomStream noise(1, host, StreamTag::sky_noise);
    nmgy.assign(side, side);
    invvar.assign(side, side, 0.0F);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double r = std::hypot(x - 32, y - 32);
        nmgy(y, x) = static_cast<float>(2.0 * std::exp(-0.4 * r) + 0.001 * x +
                                        sigma * noise.normal());
        if (y < zero_rows) nmgy(y, x) = 0.0F;
        if (y < mark_rows) nmgy(y, x) = mark;
        if (flat) nmgy(y, x) = r < 3.0 ? 2.0F : 0.5F;
        if (y < valid) {
          invvar(y, x) = static_cast<float>(1.0 / (stated * stated * sigma * sigma));
        }
      }
    }
  }
  void read_with_mask(std::int64_t host, int band, Image<float>& nmgy,
                      Image<float>& invvar, Image<float>& mask) const override {
    read(host, band, nmgy, invvar);
    mask.assign(side, side, 0.0F);
    for (int y = 0; y < hidden_rows; ++y) std::ranges::fill(mask.view().row(y), 1.0F);
  }
  int hidden_rows = 0;
  int zero_rows = 0;
  int mark_rows = 0;
  float mark = -999.0F;
  bool weighted = true;
  bool flat = false;
  double stated = 1.0;
  int valid = side;
};

config::RunConfig config_of(bool accepted = false) {
  config::RunConfig config;
  config.bands = {"r"};
  config.host.accept_weight_mismatch = accepted;
  return config;
}

TEST(CheckWeights, FindsTheNoiseOfBlankPixels) {
  // 2000 blank pixels a cutout: the MAD's sigma scatters by 1.2 / sqrt(n); sources that
  // are not found add, pixels that noise lifts above a threshold take away.
  constexpr double tolerance = 0.06;
  Noisy hosts;

  const auto check = check_weight(hosts, 0);

  EXPECT_TRUE(check.tested());
  EXPECT_EQ(check.cutouts, 3);
  EXPECT_NEAR(check.ratio, 1.0, tolerance);
  EXPECT_NEAR(check.image_sigma_nmgy, sigma, tolerance * sigma);
  EXPECT_NEAR(check.weight_sigma_nmgy, sigma, 1.0e-6);
}

TEST(CheckWeights, SayNothingWithinTwoAndWarnUpToFive) {
  Noisy hosts;
  for (const double stated : {0.6, 1.0, 1.25, 1.8}) {
    hosts.stated = stated;
    EXPECT_THAT(check_weights(config_of(), hosts), IsEmpty()) << stated;
  }
  for (const double stated : {0.3, 3.0}) {
    hosts.stated = stated;
    EXPECT_THAT(check_weights(config_of(), hosts),
                ElementsAre(AllOf(HasSubstr("host.cutouts: invvar of band r: says a "
                                            "noise of 0.0"),
                                  HasSubstr("blank pixels scatter by 0.0"))))
        << stated;
  }
}

TEST(CheckWeights, TheirLimitsAreTwoAndFiveEitherWay) {
  Noisy hosts;
  hosts.stated = 1.0;
  const double ratio_of_one = check_weight(hosts, 0).ratio;
  for (const double side_of_limit : {0.99, 1.01}) {
    for (const bool below : {false, true}) {
      const auto stated = [&](double factor) {
        return (below ? 1.0 / (factor * side_of_limit) : factor * side_of_limit) *
               ratio_of_one;
      };
      const bool beyond = side_of_limit > 1.0;
      hosts.stated = stated(2.0);
      EXPECT_EQ(check_weights(config_of(), hosts).size(), beyond ? 1U : 0U)
          << hosts.stated;
      hosts.stated = stated(5.0);
      if (beyond) {
        EXPECT_THROW(check_weights(config_of(), hosts), DataError) << hosts.stated;
      } else {
        EXPECT_EQ(check_weights(config_of(), hosts).size(), 1U) << hosts.stated;
      }
    }
  }
}

TEST(CheckWeights, BeyondFiveAreRefusedUnlessAccepted) {
  Noisy hosts;
  for (const double stated : {0.1, 50.0}) {  // 50: a mask of ones
    hosts.stated = stated;
    EXPECT_THAT([&] { check_weights(config_of(), hosts); },
                ThrowsMessage<DataError>(
                    AllOf(HasSubstr("blank pixels scatter by"),
                          HasSubstr("host.cutouts.accept_invvar_mismatch: true"))));
    EXPECT_EQ(check_weights(config_of(true), hosts).size(), 1U);
  }
}

TEST(CheckWeights, FewBlankPixelsOrNoneThatVaryAreNotATest) {
  Noisy hosts;
  hosts.stated = 50.0;
  hosts.valid = 1;  // 65 pixels a cutout

  EXPECT_THAT(check_weights(config_of(), hosts), ElementsAre(HasSubstr("not tested")));

  hosts.valid = side;
  hosts.flat = true;
  EXPECT_THAT(check_weights(config_of(), hosts),
              ElementsAre(AllOf(HasSubstr("not tested"), HasSubstr("do not vary"))));
}

TEST(CheckWeights, SayWhatAWeightWouldFitAs) {
  using config::WeightKind;
  constexpr double noise = 0.02;
  const auto advice = [](WeightKind truth, WeightKind stated) {
    // What the pixels of such a weight are read as.
    const double number = truth == WeightKind::invvar     ? 1.0 / (noise * noise)
                          : truth == WeightKind::variance ? noise * noise
                                                          : noise;
    const double read = stated == WeightKind::invvar     ? 1.0 / std::sqrt(number)
                        : stated == WeightKind::variance ? std::sqrt(number)
                                                         : number;
    const WeightCheck check{.image_sigma_nmgy = noise, .weight_sigma_nmgy = read};
    return advice_on(check, stated, 1.0);
  };

  EXPECT_THAT(advice(WeightKind::rms, WeightKind::invvar),
              HasSubstr("`weight: {kind: rms}` it says 0.02 nmgy, which fits"));
  EXPECT_THAT(advice(WeightKind::variance, WeightKind::invvar),
              HasSubstr("kind: variance"));
  EXPECT_THAT(advice(WeightKind::invvar, WeightKind::rms), HasSubstr("kind: invvar"));
  EXPECT_THAT(advice(WeightKind::invvar, WeightKind::variance),
              HasSubstr("kind: invvar"));
  EXPECT_THAT(advice(WeightKind::rms, WeightKind::variance), HasSubstr("kind: rms"));
}

TEST(CheckWeights, AdviseInTheImagesUnitAndNothingWhereNothingFits) {
  // 0.02 nmgy are 0.2 units of 0.1 nmgy.
  const WeightCheck rms{.image_sigma_nmgy = 0.02,
                        .weight_sigma_nmgy = 0.1 / std::sqrt(0.2)};
  EXPECT_THAT(advice_on(rms, config::WeightKind::invvar, 0.1), HasSubstr("kind: rms"));

  EXPECT_EQ(
      advice_on(
          {.image_sigma_nmgy = 0.02, .weight_sigma_nmgy = 0.2, .one_value = false},
          config::WeightKind::invvar, 1.0),
      "is it an inverse variance, in the image's unit^-2?");
}

TEST(CheckWeights, KnowAMask) {
  Noisy hosts;
  hosts.stated = 1.0 / sigma;  // weights of 1

  EXPECT_THAT([&] { check_weights(config_of(), hosts); },
              ThrowsMessage<DataError>(HasSubstr("kind: mask, masked: zero")));
}

TEST(CheckMasks, NoticeOneOfTheOtherSense) {
  Noisy hosts;
  auto config = config_of();
  EXPECT_THAT(check_masks(config, hosts), IsEmpty());
  config.host.masks.resize(1);
  hosts.hidden_rows = side / 2;
  EXPECT_THAT(check_masks(config, hosts), IsEmpty());
  hosts.hidden_rows = side / 2 + 1;

  EXPECT_THAT(check_masks(config, hosts),
              ElementsAre(HasSubstr("band r: 51 % of the pixels are masked")));
}

TEST(CheckMarked, NoticesOneValueInManyPixelsFarFromAllOthers) {
  Noisy hosts;
  EXPECT_THAT(check_marked(config_of(), hosts), IsEmpty());
  hosts.mark_rows = 1;  // 1.5 %, with weights that do not say so

  for (const float mark : {-999.0F, -32768.0F, 1.0e30F}) {
    hosts.mark = mark;
    EXPECT_THAT(check_marked(config_of(), hosts),
                ElementsAre(AllOf(HasSubstr("band r: 3 of 3 cutouts looked at"),
                                  HasSubstr("up to 1.5 % are"))))
        << mark;
  }
  hosts.hidden_rows = 1;
  EXPECT_THAT(check_marked(config_of(), hosts), IsEmpty()) << "masked";
  hosts.hidden_rows = 0;
  hosts.mark = 0.05F;
  EXPECT_THAT(check_marked(config_of(), hosts), IsEmpty()) << "among the others";
}

TEST(CheckUnobserved, NoticesWhatIsExactlyZeroAndNotMasked) {
  Noisy hosts;
  hosts.weighted = false;
  EXPECT_THAT(check_unobserved(config_of(), hosts), IsEmpty());
  hosts.zero_rows = 1;  // 1.5 %

  EXPECT_THAT(check_unobserved(config_of(), hosts),
              ElementsAre(AllOf(HasSubstr("band r: 3 of 3 cutouts looked at"),
                                HasSubstr("exactly 0 (up to 2 %)"))));
  hosts.hidden_rows = 1;
  EXPECT_THAT(check_unobserved(config_of(), hosts), IsEmpty());
  hosts.hidden_rows = 0;
  hosts.weighted = true;
  EXPECT_THAT(check_unobserved(config_of(), hosts), IsEmpty());
}

/// The bands' ratios of a configuration on true images.
std::vector<double> ratios(const config::RunConfig& config) {
  std::vector<std::string> warnings;
  const auto hosts = open_survey_hosts(config, warnings);
  std::vector<double> result;
  for (int band = 0; band < config.band_count(); ++band) {
    const auto check = check_weight(*hosts, band);
    EXPECT_TRUE(check.tested());
    result.push_back(check.ratio);
  }
  return result;
}

// Of resampled or calibrated images; factors of 2 and 5 are what the check asks about.
constexpr double lowest_true_ratio = 0.7;
constexpr double highest_true_ratio = 1.4;

TEST(CheckWeights, ExposuresAgreeWithTheirWeights) {
  LENSMILL_NEEDS_DATA("legacysurvey-decals/decam-00390498-S10-psfex.fits");
  const auto config = config::read_run_config(test_support::source_folder() /
                                              "configs/survey_hosts.yaml");

  for (const double ratio : ratios(config)) {
    EXPECT_GT(ratio, lowest_true_ratio);
    EXPECT_LT(ratio, highest_true_ratio);
  }
}

TEST(CheckWeights, ACoaddAgreesWithItsInverseVariance) {
  const std::string image = "legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz";
  LENSMILL_NEEDS_DATA(image);
  const test_support::TemporaryFolder folder;
  test_support::write_bytes(folder / "positions.csv",
                            "x_pix,y_pix\n650,250\n350,550\n750,1050\n450,1350\n");
  auto text = test_support::edited(
      test_support::small_config, "host: none",
      "host:\n  survey:\n    g: {image: " + test_support::data_path(image).string() +
          ", weight: " +
          test_support::data_path(
              "legacysurvey-coadd/legacysurvey-0959p805-invvar-g.fits.fz")
              .string() +
          ", units: nmgy}\n    positions: {file: positions.csv}\n"
          "    sky_subtracted: true\n    weight_includes_source_poisson: true");
  text = test_support::edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  text = test_support::edited(text, "bands: [r]", "bands: [g]");
  text = test_support::edited(text, "src_flux_nmgy_r", "src_flux_nmgy_g");
  text = test_support::edited(text, "  r: {kind", "  g: {kind");
  text = test_support::edited(text, "{r: 500}", "{g: 500}");
  const auto config = config::read_run_config_text(text, "run.yaml", {}, folder.path());

  for (const double ratio : ratios(config)) {
    EXPECT_GT(ratio, lowest_true_ratio);
    EXPECT_LT(ratio, highest_true_ratio);
  }
}

}  // namespace
}  // namespace lensmill::pipeline
