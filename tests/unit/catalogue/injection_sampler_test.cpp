#include "lib/catalogue/injection_sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "lib/catalogue/columns.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int few_rows = 200;
// A few roundings of sums and powers of numbers of order one.
constexpr double rounding = 1.0e-13;

std::string error_of(const InjectionSamplerConfig& config) {
  try {
    InjectionSampler sampler(config);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

/// Every written value of a row, by column name.
std::vector<std::pair<std::string, double>> values_of(const Injection& row,
                                                      const Needs& needs) {
  std::vector<std::pair<std::string, double>> values;
  for (const auto& quantity : all_quantities()) {
    const int copies = quantity.suffix == Suffix::none ? 1 : needs.band_count();
    for (int band = 0; band < copies; ++band) {
      if (!uses(needs, SourceFlux::given, quantity, band)) continue;
      visit_member(quantity.member, row, band, [&](const auto& value) {
        values.emplace_back(
            full_name(quantity, needs.bands[static_cast<std::size_t>(band)]),
            static_cast<double>(value));
      });
    }
  }
  return values;
}

/// Names of the columns in which two samplers differ in any of a few rows.
std::vector<std::string> changed_columns(const InjectionSamplerConfig& a,
                                         const InjectionSamplerConfig& b) {
  const InjectionSampler one(a);
  const InjectionSampler other(b);
  std::vector<std::string> changed;
  for (int id = 0; id < few_rows; ++id) {
    const auto left = values_of(one.sample(id), a.needs);
    const auto right = values_of(other.sample(id), b.needs);
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i].second == right[i].second) continue;
      if (std::find(changed.begin(), changed.end(), left[i].first) == changed.end()) {
        changed.push_back(left[i].first);
      }
    }
  }
  return changed;
}

TEST(InjectionSampler, ChangingOnePriorMovesOnlyWhatFollowsFromIt) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> follows{
      {"lens_ellipticity", {"lens_q"}},
      {"lens_phi_rad", {"lens_phi_rad"}},
      {"shear_phi_rad", {"shear_g1", "shear_g2"}},
      {"src_phi_rad", {"src_phi_rad"}},
      {"host_ellipticity", {"host_q"}},
      {"src_colour_g_r", {"src_flux_nmgy_g"}},
      {"src_colour_r_z", {"src_flux_nmgy_z"}},
      {"host_colour_r_z", {"host_flux_nmgy_z"}},
      {"psf_fwhm_arcsec_r", {"psf_fwhm_pix_r"}},
  };
  const auto before = seed_config();

  for (const auto& [quantity, columns] : follows) {
    auto after = before;
    prior_of(after.priors, quantity).prior = Sampler{Constant{0.3}};
    EXPECT_THAT(changed_columns(before, after),
                testing::UnorderedElementsAreArray(columns))
        << quantity;
  }
}

TEST(InjectionSampler, AddingAQuantityMovesNoOther) {
  const auto before = seed_config();
  auto after = before;
  after.priors.entries.insert(
      after.priors.entries.begin(),
      {"lens_x_arcsec", Sampler{Uniform{-0.1, 0.1}}, "priors.lens_x_arcsec"});

  EXPECT_THAT(changed_columns(before, after), ElementsAre("lens_x_arcsec"));
}

TEST(InjectionSampler, OrderOfPriorsDoesNotMatter) {
  const auto before = seed_config();
  auto after = before;
  std::reverse(after.priors.entries.begin(), after.priors.entries.end());

  EXPECT_THAT(changed_columns(before, after), IsEmpty());
}

TEST(InjectionSampler, RowsReplaceTheSamePriorsInWhateverOrder) {
  auto before = seed_config();
  before.given = {"src_flux_nmgy_r"};
  before.conflict = Conflict::rows_win;
  auto after = before;
  std::reverse(after.priors.entries.begin(), after.priors.entries.end());
  const InjectionSampler one(before);
  const InjectionSampler other(after);

  EXPECT_THAT(one.overridden(), ElementsAre("src_mag_minus_host_mag_r"));
  EXPECT_THAT(other.overridden(), ElementsAre("src_mag_minus_host_mag_r"));
  const std::vector<double> flux{3.0};
  EXPECT_EQ(one.sample(1, flux).host_flux_nmgy[1],
            other.sample(1, flux).host_flux_nmgy[1]);
}

TEST(InjectionSampler, ABandsNumbersDoNotDependOnTheOtherBands) {
  auto all = seed_config();
  all.needs.psf = {PsfNeed::nothing, PsfNeed::fwhm_and_beta, PsfNeed::nothing};
  auto red = all;
  red.needs.bands = {"r"};
  red.needs.psf = {PsfNeed::fwhm_and_beta};
  const InjectionSampler three(all);
  const InjectionSampler one(red);

  for (int id = 0; id < few_rows; ++id) {
    EXPECT_EQ(three.sample(id).src_flux_nmgy[1], one.sample(id).src_flux_nmgy[0]);
    EXPECT_EQ(three.sample(id).psf_fwhm_pix[1], one.sample(id).psf_fwhm_pix[0]);
  }
}

TEST(InjectionSampler, AnotherSeedMovesEveryDrawnColumn) {
  const auto before = seed_config();
  auto after = before;
  after.seed = 1;

  EXPECT_GE(changed_columns(before, after).size(), 18u);
}

TEST(InjectionSampler, AliasesGiveTheirColumns) {
  const double e = 0.3;
  const double g = 0.05;
  const double phi = 0.7;
  auto config = seed_config();
  config.given = {"lens_ellipticity",   "shear_magnitude",
                  "shear_phi_rad",      "src_offset_over_theta_e",
                  "src_offset_phi_deg", "theta_e_arcsec",
                  "src_mag_g",          "src_mag_r",
                  "src_flux_nmgy_z",    "host_phi_deg",
                  "psf_fwhm_arcsec_g"};
  config.conflict = Conflict::rows_win;
  const InjectionSampler sampler(config);

  const auto row = sampler.sample(
      5, std::vector<double>{e, g, phi, 0.5, 60.0, 2.0, 21.0, 20.0, 7.0, 90.0, 1.31});

  EXPECT_DOUBLE_EQ(row.lens_q, (1.0 - e) / (1.0 + e));
  EXPECT_DOUBLE_EQ(row.shear_g1, g * std::cos(2.0 * phi));
  EXPECT_DOUBLE_EQ(row.shear_g2, g * std::sin(2.0 * phi));
  EXPECT_NEAR(row.src_x_arcsec, 0.5, rounding);
  EXPECT_NEAR(row.src_y_arcsec, std::sqrt(0.75), rounding);
  EXPECT_NEAR(row.src_flux_nmgy[0], std::pow(10.0, 0.6), rounding * 10.0);
  EXPECT_NEAR(row.src_flux_nmgy[1], 10.0, rounding * 10.0);
  EXPECT_EQ(row.src_flux_nmgy[2], 7.0);
  EXPECT_DOUBLE_EQ(row.host_phi_rad, std::numbers::pi / 2.0);
  EXPECT_NEAR(row.psf_fwhm_pix[0], 5.0, rounding);
  EXPECT_THAT(sampler.overridden(),
              UnorderedElementsAre("theta_e_arcsec", "lens_ellipticity",
                                   "shear_magnitude", "shear_phi_rad", "src_offset",
                                   "src_mag_minus_host_mag_r", "src_colour_g_r",
                                   "src_colour_r_z", "host_phi_rad", "psf_fwhm_pix_g"));
}

TEST(InjectionSampler, ColoursChainBetweenAnyTwoBands) {
  auto config = seed_config();
  auto& priors = config.priors;
  for (const char* name :
       {"src_colour_g_r", "src_colour_r_z", "src_mag_minus_host_mag_r",
        "host_colour_g_r", "host_colour_r_z", "host_mag_r"}) {
    erase_prior(priors, name);
  }
  const auto constant = [&](std::string name, double value) {
    priors.entries.push_back({name, Sampler{Constant{value}}, ""});
  };
  // Through a band that the run does not have.
  constant("host_mag_i", 20.0);
  constant("host_colour_g_i", 1.0);
  constant("host_colour_i_z", 0.5);
  constant("host_colour_g_r", 0.7);
  constant("src_mag_minus_host_mag_z", 1.0);
  constant("src_colour_z_g", -0.4);
  constant("src_colour_r_g", -0.3);

  const auto row = InjectionSampler(config).sample(0);

  EXPECT_NEAR(mag_from_nmgy(row.host_flux_nmgy[0]), 21.0, rounding * 100);
  EXPECT_NEAR(mag_from_nmgy(row.host_flux_nmgy[1]), 20.3, rounding * 100);
  EXPECT_NEAR(mag_from_nmgy(row.host_flux_nmgy[2]), 19.5, rounding * 100);
  EXPECT_NEAR(mag_from_nmgy(row.src_flux_nmgy[2]), 20.5, rounding * 100);
  EXPECT_NEAR(mag_from_nmgy(row.src_flux_nmgy[0]), 20.9, rounding * 100);
  EXPECT_NEAR(mag_from_nmgy(row.src_flux_nmgy[1]), 20.6, rounding * 100);
}

TEST(InjectionSampler, MultipleOfFollowsTheOtherColumn) {
  auto config = seed_config();
  prior_of(config.priors, "host_phi_rad").prior = MultipleOf{"lens_phi_rad", 1.0};
  prior_of(config.priors, "src_reff_arcsec").prior = MultipleOf{"theta_e_arcsec", 0.2};
  const InjectionSampler sampler(config);

  for (int id = 0; id < few_rows; ++id) {
    const auto row = sampler.sample(id);
    EXPECT_EQ(row.host_phi_rad, row.lens_phi_rad);
    EXPECT_EQ(row.src_reff_arcsec, 0.2 * row.theta_e_arcsec);
  }
}

TEST(InjectionSampler, JointTableKeepsItsRowsTogether) {
  auto config = seed_config();
  erase_prior(config.priors, "src_reff_arcsec");
  erase_prior(config.priors, "src_sersic_n");
  config.priors.joint_tables.push_back(
      {.quantities = {"src_reff_arcsec", "src_sersic_n"},
       .values = {0.1, 1.0, 0.2, 2.0, 0.4, 4.0},
       .weights = {1.0, 0.0, 3.0},
       .where = "priors.joint"});
  const InjectionSampler sampler(config);
  constexpr int draws = 4000;
  constexpr double five_sigma = 5.0;
  int large = 0;

  for (int id = 0; id < draws; ++id) {
    const auto row = sampler.sample(id);
    ASSERT_EQ(row.src_reff_arcsec, 0.1 * row.src_sersic_n);
    ASSERT_NE(row.src_sersic_n, 2.0);
    large += row.src_sersic_n == 4.0 ? 1 : 0;
  }

  EXPECT_NEAR(large, 0.75 * draws, five_sigma * std::sqrt(draws * 0.75 * 0.25));
}

TEST(InjectionSampler, TargetSnrLeavesTheFluxProvisional) {
  auto config = seed_config();
  erase_prior(config.priors, "src_mag_minus_host_mag_r");
  config.priors.entries.push_back({"src_target_snr", Sampler{Uniform{10.0, 50.0}}, ""});

  const auto row = InjectionSampler(config).sample(3);

  EXPECT_GT(row.src_target_snr, 10.0);
  EXPECT_DOUBLE_EQ(row.src_flux_nmgy[0], 1.0);
  EXPECT_GT(row.src_flux_nmgy[1], 0.0);
}

TEST(InjectionSampler, MembersTheRunDoesNotUseAreNan) {
  auto config = seed_config();
  config.needs.host = HostSource::none;
  config.needs.sky_noise = false;

  const InjectionSampler sampler(config);
  const auto row = sampler.sample(0);

  EXPECT_TRUE(std::isnan(row.host_reff_arcsec));
  EXPECT_TRUE(std::isnan(row.sky_sigma_nmgy[1]));
  EXPECT_TRUE(std::isnan(row.psf_fwhm_pix[2]));
  EXPECT_FALSE(std::isnan(row.src_flux_nmgy[2]));  // host_mag_r still serves the source
  EXPECT_THAT(sampler.unused(), testing::Contains("host_reff_arcsec"));
  EXPECT_THAT(sampler.unused(), testing::Not(testing::Contains("host_mag_r")));
}

TEST(InjectionSamplerErrors, MissingQuantitiesAreNamedWithWhatToAdd) {
  auto config = seed_config();
  erase_prior(config.priors, "lens_ellipticity");
  erase_prior(config.priors, "src_colour_r_z");
  erase_prior(config.priors, "src_offset");

  const auto message = error_of(config);

  EXPECT_THAT(message, HasSubstr("lens_q: nothing gives it (the run needs it); add "
                                 "`lens_q` or `lens_ellipticity` to `priors`"));
  EXPECT_THAT(message, HasSubstr("src_flux_nmgy_z: nothing gives it"));
  EXPECT_THAT(message, HasSubstr("src_x_arcsec: nothing gives it"));
  EXPECT_THAT(message, HasSubstr("src_y_arcsec: nothing gives it"));
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 3);
}

TEST(InjectionSamplerErrors, AColumnGivenTwiceIsRefusedAlsoAsAnAlias) {
  auto config = seed_config();
  config.given = {"lens_q", "src_flux_nmgy_g"};

  const auto message = error_of(config);

  EXPECT_THAT(message, HasSubstr("priors.lens_ellipticity: lens_ellipticity is already "
                                 "fixed by lens_q in the catalogue"));
  EXPECT_THAT(message, HasSubstr("priors.src_mag_minus_host_mag_r: "));
}

TEST(InjectionSamplerErrors, TwoPriorsForOneQuantityAreRefused) {
  auto config = seed_config();
  config.priors.entries.push_back({"lens_q", Sampler{Constant{0.8}}, "priors.lens_q"});
  config.priors.entries.push_back(
      {"src_colour_g_z", Sampler{Constant{0.8}}, "priors.src_colour_g_z"});
  config.conflict = Conflict::rows_win;

  const auto message = error_of(config);

  EXPECT_THAT(message, HasSubstr("is already fixed by"));
  EXPECT_THAT(message, HasSubstr("priors.src_colour_g_z: "));
}

TEST(InjectionSamplerErrors, UnknownNamesGetTheNearestOne) {
  auto config = seed_config();
  prior_of(config.priors, "src_sersic_n").quantity = "src_sersicn";
  config.given = {"psf_fwhm_pixel_g"};

  const auto message = error_of(config);

  EXPECT_THAT(message, HasSubstr("unknown quantity `src_sersicn`: did you mean "
                                 "`src_sersic_n`?"));
  EXPECT_THAT(message, HasSubstr("did you mean `psf_fwhm_pix_g`?"));
}

TEST(InjectionSamplerErrors, PriorsMustStayInsideTheirRange) {
  auto config = seed_config();
  prior_of(config.priors, "lens_ellipticity").prior = Sampler{Uniform{0.0, 1.5}};
  prior_of(config.priors, "src_reff_arcsec").prior = Sampler{Normal{0.3, 0.1}};
  prior_of(config.priors, "lens_gamma").prior = Sampler{Constant{3.0}};

  const auto message = error_of(config);

  EXPECT_THAT(message,
              HasSubstr("priors.lens_ellipticity: must be in [0, 1) (the prior "
                        "reaches 1.5)"));
  EXPECT_THAT(message, HasSubstr("priors.src_reff_arcsec: must be in (0, 1000]"));
  EXPECT_THAT(message, HasSubstr("priors.lens_gamma: must be in [1.3, 2.7] (got 3)"));
}

TEST(InjectionSamplerErrors, ACycleOfMultiplesIsRefused) {
  auto config = seed_config();
  prior_of(config.priors, "host_phi_rad").prior = MultipleOf{"lens_phi_rad", 1.0};
  prior_of(config.priors, "lens_phi_rad").prior = MultipleOf{"host_phi_rad", 1.0};

  EXPECT_THAT(error_of(config), HasSubstr("depends on itself"));
}

TEST(InjectionSamplerErrors, AGivenValueOutOfRangeIsRefusedAtTheRow) {
  auto config = seed_config();
  erase_prior(config.priors, "lens_ellipticity");
  config.given = {"lens_q"};
  const InjectionSampler sampler(config);

  EXPECT_THROW(sampler.sample(7, std::vector{1.2}), DataError);
  EXPECT_EQ(sampler.sample(7, std::vector{1.0}).lens_q, 1.0);
}

}  // namespace
}  // namespace lensmill::catalogue
