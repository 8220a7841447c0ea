#include "lib/catalogue/knots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/catalogue/columns.hpp"
#include "lib/catalogue/injection_sampler.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr KnotBody body{.knots = 4, .reff_arcsec = 0.5, .q = 0.4, .phi_rad = 0.6};

TEST(Knots, LieOnTheBodysEllipsesAndShareTheFlux) {
  const KnotPriors priors{.radius_over_reff = Uniform{0.5, 1.5},
                          .reff_over_reff = Uniform{0.1, 0.2},
                          .flux_weight = Uniform{1.0, 3.0}};
  for (std::int64_t id = 0; id < 50; ++id) {
    const Knots knots = draw_knots(priors, body, 7, id);

    double shares = 0.0;
    for (std::size_t k = 0; k < 4; ++k) {
      const double x = knots.x_arcsec[k], y = knots.y_arcsec[k];
      const double major = std::cos(0.6) * x + std::sin(0.6) * y;
      const double minor = std::cos(0.6) * y - std::sin(0.6) * x;
      const double radius = std::sqrt(0.4 * major * major + minor * minor / 0.4);
      EXPECT_GE(radius, 0.25 - 1.0e-12);
      EXPECT_LE(radius, 0.75 + 1.0e-12);
      EXPECT_GE(knots.reff_arcsec[k], 0.05);
      EXPECT_LE(knots.reff_arcsec[k], 0.1);
      shares += knots.flux_share[k];
    }
    EXPECT_NEAR(shares, 1.0, 1.0e-14);
    EXPECT_TRUE(std::isnan(knots.x_arcsec[4]));
    EXPECT_TRUE(std::isnan(knots.flux_share[4]));
  }
}

TEST(Knots, AKnotsPlaceDependsOnNeitherTheOthersNorOtherRows) {
  auto more = body;
  more.knots = 9;
  const Knots few = draw_knots({}, body, 7, 3);
  const Knots many = draw_knots({}, more, 7, 3);

  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(few.x_arcsec[k], many.x_arcsec[k]);
    EXPECT_EQ(few.y_arcsec[k], many.y_arcsec[k]);
    EXPECT_EQ(few.reff_arcsec[k], many.reff_arcsec[k]);
  }
  EXPECT_NE(few.x_arcsec[0], few.x_arcsec[1]);
  EXPECT_NE(few.x_arcsec[0], draw_knots({}, body, 7, 4).x_arcsec[0]);
  EXPECT_NE(few.x_arcsec[0], draw_knots({}, body, 8, 3).x_arcsec[0]);
}

TEST(Knots, PriorsThatGiveNoKnotAreRefused) {
  EXPECT_EQ(knot_prior_problem("reff_over_reff", Uniform{0.0, 1.0}), "");
  EXPECT_THAT(knot_prior_problem("reff_over_reff", Constant{0.0}), HasSubstr("> 0"));
  EXPECT_THAT(knot_prior_problem("flux_weight", Uniform{-1.0, 1.0}), HasSubstr("> 0"));
  EXPECT_THAT(knot_prior_problem("radius_over_reff", Constant{-0.1}),
              HasSubstr(">= 0"));
  EXPECT_EQ(knot_prior_problem("radius_over_reff", Constant{0.0}), "");
}

InjectionSamplerConfig clumpy_config() {
  InjectionSamplerConfig config;
  config.seed = 5;
  config.needs = {.bands = {"r"}, .knot_count = 3, .sky_noise = false};
  for (const char* name :
       {"theta_e_arcsec", "src_reff_arcsec", "src_sersic_n", "lens_q", "src_q"}) {
    config.priors.entries.push_back({name, Sampler{Constant{1.0}}});
  }
  config.priors.entries.push_back({"lens_gamma", Sampler{Constant{2.0}}});
  for (const char* name : {"lens_phi_rad", "shear_g1", "shear_g2", "src_x_arcsec",
                           "src_y_arcsec", "src_phi_rad"}) {
    config.priors.entries.push_back({name, Sampler{Constant{0.0}}});
  }
  config.priors.entries.push_back({"src_flux_nmgy_r", Sampler{Constant{5.0}}});
  config.priors.entries.push_back({"src_knots", Sampler{Choice{{0, 1, 2, 3}, {}}}});
  config.priors.entries.push_back({"src_knot_flux_fraction", Sampler{Constant{0.3}}});
  return config;
}

TEST(ClumpyRows, AreDrawnWrittenAndReadBack) {
  const InjectionSampler sampler(clumpy_config());
  const auto needs = clumpy_config().needs;
  auto table = make_table(written_columns(needs), 20);
  std::int64_t knots = 0;
  for (std::size_t row = 0; row < 20; ++row) {
    const auto injection = sampler.sample(static_cast<std::int64_t>(row));
    write_row(injection, needs.bands, row, table);
    knots += injection.src_knots;

    const auto again = read_row(table, needs.bands, row);
    EXPECT_EQ(again.src_knots, injection.src_knots);
    for (std::size_t k = 0; k < 3; ++k) {
      const bool there = static_cast<std::int64_t>(k) < injection.src_knots;
      EXPECT_EQ(std::isnan(injection.src_knot_x_arcsec[k]), !there);
      if (!there) continue;
      EXPECT_EQ(again.src_knot_x_arcsec[k], injection.src_knot_x_arcsec[k]);
      EXPECT_EQ(again.src_knot_flux_share[k], injection.src_knot_flux_share[k]);
    }
  }
  EXPECT_GT(knots, 10);
  EXPECT_LT(knots, 50);
  const auto columns = written_columns(needs);
  const auto has = [&](const std::string& name) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const auto& info) { return info.name == name; });
  };
  EXPECT_TRUE(has("src_knot_reff_arcsec_2"));
  EXPECT_FALSE(has("src_knot_reff_arcsec_3"));
}

TEST(ClumpyRows, MoreKnotsThanTheRunHasAreRefused) {
  auto config = clumpy_config();
  config.given = {"src_knots"};
  config.priors.entries.erase(config.priors.entries.end() - 2);
  const InjectionSampler sampler(std::move(config));

  EXPECT_THROW(sampler.sample(0, std::array{4.0}), DataError);
  EXPECT_EQ(sampler.sample(0, std::array{3.0}).src_knots, 3);
}

TEST(GalaxyRows, HaveTheGalaxysOwnSizeUnlessOneIsGiven) {
  auto config = clumpy_config();
  config.needs.knot_count = 0;
  config.needs.source_image_count = 3;
  config.sources = {.reff_arcsec = {0.4, 0.7, std::nan("")}, .random_flip = true};
  for (int k = 0; k < 2; ++k) config.priors.entries.pop_back();
  const InjectionSampler rescaled(config);
  std::erase_if(config.priors.entries, [](const auto& entry) {
    return entry.quantity == "src_reff_arcsec" || entry.quantity == "src_q" ||
           entry.quantity == "src_sersic_n";
  });
  const InjectionSampler own(config);

  std::array<int, 3> drawn{};
  int flipped = 0;
  for (std::int64_t id = 0; id < 60; ++id) {
    const auto row = own.sample(id);
    const auto galaxy = static_cast<std::size_t>(row.src_image_index);
    ++drawn.at(galaxy);
    flipped += static_cast<int>(row.src_image_flip);
    if (galaxy == 2) {
      EXPECT_TRUE(std::isnan(row.src_reff_arcsec));
    } else {
      EXPECT_EQ(row.src_reff_arcsec, config.sources.reff_arcsec[galaxy]);
    }
    EXPECT_EQ(rescaled.sample(id).src_image_index, row.src_image_index);
    EXPECT_EQ(rescaled.sample(id).src_reff_arcsec, 1.0);
  }
  for (const int count : drawn) EXPECT_GT(count, 8);
  EXPECT_GT(flipped, 15);
  EXPECT_LT(flipped, 45);
}

}  // namespace
}  // namespace lensmill::catalogue
