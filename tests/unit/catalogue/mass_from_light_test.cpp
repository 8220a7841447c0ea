#include "lib/catalogue/mass_from_light.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lib/catalogue/columns.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

// A few roundings of powers and logarithms of numbers of order one to hundred.
constexpr double rounding = 1.0e-12;

FaberJackson relation() {
  return {.band = "r",
          .sigma_v_star_km_s = 160.0,
          .mag_star = -21.15,
          .exponent = 4.0,
          .scatter_dex = 0.07,
          .k_correction_mag = {0.8, 1.4},
          .evolution_mag = {-0.85}};
}

void give(Priors& priors, const std::string& quantity, Prior prior) {
  priors.entries.push_back({quantity, std::move(prior), "priors." + quantity});
}

/// The seed's priors with the mass from a velocity dispersion.
InjectionSamplerConfig mass_config(Prior sigma_v = Sampler{Constant{220.0}}) {
  auto config = seed_config();
  erase_prior(config.priors, "theta_e_arcsec");
  give(config.priors, "lens_sigma_v_km_s", std::move(sigma_v));
  give(config.priors, "lens_redshift", Sampler{Normal{0.4, 0.1, 0.2, 0.6}});
  give(config.priors, "src_redshift", Sampler{Uniform{0.7, 3.0}});
  return config;
}

std::string error_of(const InjectionSamplerConfig& config) {
  try {
    InjectionSampler sampler(config);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> names_of(const std::vector<ColumnInfo>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

TEST(MassFromLight, AbsoluteMagnitudeIsCorrectedByBothPolynomials) {
  // astropy 5.2.1, FlatLambdaCDM(70, 0.3, Tcmb0=0).distmod(0.3)
  constexpr double distance_modulus = 40.955460044114;

  const double mag = absolute_mag(relation(), {}, 19.0, 0.3);

  EXPECT_NEAR(mag, 19.0 - distance_modulus - (0.24 + 0.126) + 0.255, rounding);
}

TEST(MassFromLight, FaberJacksonHasItsSlopeAndScatter) {
  const double star = sigma_v_km_s(relation(), -21.15, 0.5);
  const double brighter = sigma_v_km_s(relation(), -23.65, 0.5);  // ten times L_star
  const double one_sigma = sigma_v_km_s(relation(), -21.15, 0.841344746068542949);

  EXPECT_NEAR(star, 160.0, rounding * 160.0);
  EXPECT_NEAR(brighter / star, std::pow(10.0, 0.25), rounding);
  EXPECT_NEAR(one_sigma / star, std::pow(10.0, 0.07), rounding);
}

TEST(MassFromLight, AxisRatioIsTruncatedAndFollowsTheHost) {
  const FromHost prior{.sigma = 0.1, .min = 0.0};

  EXPECT_NEAR(axis_ratio_about(prior, 0.5, 0.5), 0.5, rounding);
  // Far from both ends the truncation is not felt: one sigma is 10 % of the host's.
  EXPECT_NEAR(axis_ratio_about(prior, 0.5, 0.841344746068542949), 0.55, 1e-6);
  EXPECT_LE(axis_ratio_about(prior, 1.0, 1.0 - 1e-12), 1.0);
  EXPECT_LT(axis_ratio_about(prior, 1.0, 0.5), 1.0);
  EXPECT_EQ(axis_ratio_about({.sigma = 0.0}, 0.77, 0.9), 0.77);
  EXPECT_GT(axis_ratio_about({.sigma = 2.0, .min = 0.3}, 0.4, 1e-12), 0.3);
}

TEST(MassFromLight, EinsteinRadiusFollowsFromDispersionAndRedshifts) {
  const InjectionSampler sampler(mass_config());
  for (int id = 0; id < 100; ++id) {
    const auto row = sampler.sample(id);

    EXPECT_EQ(row.lens_sigma_v_km_s, 220.0);
    EXPECT_EQ(row.theta_e_arcsec,
              isothermal_theta_e_arcsec(
                  220.0, distance_ratio({}, row.lens_redshift, row.src_redshift)));
    EXPECT_GT(row.src_redshift, row.lens_redshift);
  }
  EXPECT_EQ(sampler.lens_mass(), LensMass::velocity_dispersion);
  EXPECT_THAT(sampler.unused(), IsEmpty());
}

TEST(MassFromLight, FaberJacksonUsesTheHostsMagnitudeAndTheCosmology) {
  auto config = mass_config(relation());
  config.cosmology = {.h0_km_s_mpc = 50.0, .omega_m = 0.7};
  const InjectionSampler sampler(config);
  double sum = 0.0, squares = 0.0;
  constexpr int rows = 4000;
  for (int id = 0; id < rows; ++id) {
    const auto row = sampler.sample(id);

    const double mag = mag_from_nmgy(row.host_flux_nmgy[1]);
    EXPECT_NEAR(row.host_absolute_mag,
                absolute_mag(relation(), config.cosmology, mag, row.lens_redshift),
                rounding * 100.0);
    const double median = sigma_v_km_s(relation(), row.host_absolute_mag, 0.5);
    const double dex = std::log10(row.lens_sigma_v_km_s / median);
    sum += dex;
    squares += dex * dex;
  }
  // Five standard errors of mean and standard deviation of 4000 normal deviates.
  const double error = 5.0 * 0.07 / std::sqrt(static_cast<double>(rows));
  EXPECT_NEAR(sum / rows, 0.0, error);
  EXPECT_NEAR(std::sqrt(squares / rows), 0.07, error);
  EXPECT_EQ(sampler.lens_mass(), LensMass::faber_jackson);
}

TEST(MassFromLight, ColumnsAreWrittenOnlyWhereTheMassFollowsFromThem) {
  auto needs = seed_needs();
  EXPECT_THAT(names_of(written_columns(needs)),
              Not(testing::Contains("lens_redshift")));

  needs.lens_mass = LensMass::velocity_dispersion;
  EXPECT_THAT(names_of(written_columns(needs)),
              IsSupersetOf({"lens_redshift", "src_redshift", "lens_sigma_v_km_s"}));
  EXPECT_THAT(names_of(written_columns(needs)),
              Not(testing::Contains("host_absolute_mag")));

  needs.lens_mass = LensMass::faber_jackson;
  EXPECT_THAT(names_of(written_columns(needs)), testing::Contains("host_absolute_mag"));
}

TEST(MassFromLight, TheOtherQuantitiesDoNotMove) {
  const InjectionSampler before(seed_config());
  auto config = mass_config(relation());
  erase_prior(config.priors, "lens_ellipticity");
  erase_prior(config.priors, "lens_phi_rad");
  give(config.priors, "lens_q", FromHost{.sigma = 0.1});
  give(config.priors, "lens_phi_rad", FromHost{.sigma = 0.2});
  const InjectionSampler after(config);
  for (int id = 0; id < 50; ++id) {
    const auto a = before.sample(id);
    const auto b = after.sample(id);

    EXPECT_EQ(a.host_q, b.host_q);
    EXPECT_EQ(a.host_phi_rad, b.host_phi_rad);
    EXPECT_EQ(a.src_flux_nmgy[1], b.src_flux_nmgy[1]);
    EXPECT_EQ(a.shear_g1, b.shear_g1);
    EXPECT_EQ(a.psf_fwhm_pix[1], b.psf_fwhm_pix[1]);
    // Relative to theta_E, the source's place is the same too.
    EXPECT_NEAR(a.src_x_arcsec / a.theta_e_arcsec, b.src_x_arcsec / b.theta_e_arcsec,
                rounding);
  }
}

TEST(MassFromLight, ShapeScattersAboutTheHosts) {
  auto config = seed_config();
  erase_prior(config.priors, "lens_ellipticity");
  erase_prior(config.priors, "lens_phi_rad");
  give(config.priors, "lens_q", FromHost{.sigma = 0.1});
  give(config.priors, "lens_phi_rad", FromHost{.sigma = 0.2});
  const InjectionSampler sampler(config);
  double squares = 0.0;
  constexpr int rows = 4000;
  for (int id = 0; id < rows; ++id) {
    const auto row = sampler.sample(id);

    EXPECT_TRUE(row.lens_q > 0.0 && row.lens_q <= 1.0);
    // Ten sigma: host and lens are never far apart.
    EXPECT_LT(std::abs(row.lens_q / row.host_q - 1.0), 1.0);
    const double angle = row.lens_phi_rad - row.host_phi_rad;
    squares += angle * angle;
  }
  const double error = 5.0 * 0.2 / std::sqrt(2.0 * rows);  // five standard errors
  EXPECT_NEAR(std::sqrt(squares / rows), 0.2, error);
}

TEST(MassFromLight, ASourceBeforeItsLensIsAnErrorOfThatRow) {
  auto config = mass_config();
  erase_prior(config.priors, "lens_redshift");
  erase_prior(config.priors, "src_redshift");
  config.given = {"lens_redshift", "src_redshift"};
  const InjectionSampler sampler(config);

  EXPECT_NO_THROW(sampler.sample(6, std::vector<double>{0.3, 0.7}));
  try {
    sampler.sample(7, std::vector<double>{0.5, 0.5});
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(),
                 "injection_id 7: src_redshift must be larger than lens_redshift, and "
                 "that > 0 (got 0.5 and 0.5)");
  }
}

TEST(MassFromLight, OverlappingRedshiftPriorsAreRefused) {
  auto config = mass_config();
  prior_of(config.priors, "src_redshift").prior = Sampler{Uniform{0.5, 3.0}};

  EXPECT_THAT(error_of(config), HasSubstr("priors.src_redshift: must be larger than "
                                          "lens_redshift in every row (the priors "
                                          "overlap: it reaches down to 0.5, "
                                          "lens_redshift up to 0.6)"));
}

TEST(MassFromLight, WhatIsMissingIsNamed) {
  auto config = mass_config();
  erase_prior(config.priors, "src_redshift");
  EXPECT_THAT(error_of(config), HasSubstr("src_redshift: nothing gives it"));

  config = mass_config();
  erase_prior(config.priors, "lens_sigma_v_km_s");
  EXPECT_THAT(error_of(config),
              HasSubstr("add `theta_e_arcsec` (or `lens_sigma_v_km_s`, `lens_redshift` "
                        "and `src_redshift`)"));
}

TEST(MassFromLight, ThetaEAndVelocityDispersionContradictEachOther) {
  auto config = mass_config();
  give(config.priors, "theta_e_arcsec", Sampler{Constant{1.0}});
  EXPECT_THAT(error_of(config),
              HasSubstr("theta_e_arcsec is already fixed by priors.lens_sigma_v_km_s"));

  // A run's own catalogue has both: it was rendered with the Einstein radius.
  config = mass_config();
  erase_prior(config.priors, "lens_sigma_v_km_s");
  config.given = {"lens_sigma_v_km_s", "theta_e_arcsec"};
  const InjectionSampler sampler(config);
  EXPECT_EQ(sampler.sample(0, std::vector<double>{220.0, 1.5}).theta_e_arcsec, 1.5);
  EXPECT_EQ(sampler.lens_mass(), LensMass::theta_e);
}

TEST(MassFromLight, AColumnOfTheRowsReplacesThePriorsMass) {
  auto config = mass_config();
  config.given = {"theta_e_arcsec"};
  config.conflict = Conflict::rows_win;
  const InjectionSampler sampler(config);

  EXPECT_EQ(sampler.sample(0, std::vector<double>{1.5}).theta_e_arcsec, 1.5);
  EXPECT_THAT(sampler.overridden(), testing::ElementsAre("lens_sigma_v_km_s"));
}

TEST(MassFromLight, HostsAreNeededForShapeAndLuminosity) {
  auto config = mass_config(relation());
  erase_prior(config.priors, "lens_ellipticity");
  give(config.priors, "lens_q", FromHost{.sigma = 0.1});
  config.needs.host = HostSource::none;
  EXPECT_THAT(error_of(config),
              HasSubstr("priors.lens_sigma_v_km_s: faber_jackson needs "
                        "a host (the run has none)"));
  EXPECT_THAT(error_of(config), HasSubstr("priors.lens_q: from_host needs synthetic "
                                          "hosts (the run has no host)"));

  config.needs.host = HostSource::cutouts;
  config.hosts.count = 3;
  EXPECT_THAT(error_of(config), HasSubstr("the shape of cutouts is not measured"));
}

TEST(MassFromLight, AnAbsoluteMagnitudeBesideASyntheticHostsIsOneTooMany) {
  auto config = mass_config(relation());
  give(config.priors, "host_absolute_mag", Sampler{Constant{-22.0}});

  EXPECT_THAT(error_of(config),
              HasSubstr("priors.host_absolute_mag: follows from host_mag_r and "
                        "lens_redshift (a value must have one origin)"));
}

TEST(MassFromLight, FormsBelongToTheirQuantities) {
  auto config = seed_config();
  prior_of(config.priors, "host_ellipticity").prior = FromHost{};
  EXPECT_THAT(error_of(config), HasSubstr("from_host is for lens_q and lens_phi_rad"));

  config = seed_config();
  prior_of(config.priors, "theta_e_arcsec").prior = relation();
  EXPECT_THAT(error_of(config),
              HasSubstr("faber_jackson is for lens_sigma_v_km_s only"));

  config = mass_config(relation());
  std::get<FaberJackson>(prior_of(config.priors, "lens_sigma_v_km_s").prior).exponent =
      0.0;
  EXPECT_THAT(error_of(config),
              HasSubstr("faber_jackson: exponent must be > 0 (got 0)"));
}

TEST(MassFromLight, ACutoutsOwnDispersionIsReadByItsIndex) {
  auto config = mass_config();
  erase_prior(config.priors, "lens_sigma_v_km_s");
  for (const auto* name :
       {"host_mag_r", "host_colour_g_r", "host_colour_r_z", "host_reff_arcsec",
        "host_sersic_n", "host_ellipticity", "host_phi_rad"}) {
    erase_prior(config.priors, name);
  }
  config.needs.host = HostSource::cutouts;
  config.hosts = {.count = 3, .flux_nmgy = std::vector<double>(9, 6.0)};
  config.priors.joint_tables.push_back(
      {.quantities = {"host_index", "lens_sigma_v_km_s"},
       .values = {0, 190.0, 1, 250.0, 2, 300.0},
       .where = "priors.joint_tables.dispersion"});
  const InjectionSampler sampler(config);
  const double expected[] = {190.0, 250.0, 300.0};
  for (int id = 0; id < 50; ++id) {
    const auto row = sampler.sample(id);

    EXPECT_EQ(row.lens_sigma_v_km_s, expected[row.host_index]);
  }
}

TEST(MassFromLight, ACutoutWithoutFluxGivesNoMass) {
  auto config = mass_config(relation());
  for (const auto* name :
       {"host_mag_r", "host_colour_g_r", "host_colour_r_z", "host_reff_arcsec",
        "host_sersic_n", "host_ellipticity", "host_phi_rad"}) {
    erase_prior(config.priors, name);
  }
  config.needs.host = HostSource::cutouts;
  config.hosts = {.count = 1, .flux_nmgy = {1.0, -1.0, 1.0}};
  const InjectionSampler sampler(config);

  EXPECT_TRUE(std::isnan(sampler.sample(0).theta_e_arcsec));
}

}  // namespace
}  // namespace lensmill::catalogue
