#include "pipeline/session/margin_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/rows.hpp"
#include "stages/factory.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::shipped_config;
using testing::HasSubstr;
using testing::Not;

/// Of time: the same rows are looked at on any machine.
constexpr double no_limit = std::numeric_limits<double>::infinity();

/// A configuration that needs no files.
Session session_of(const config::RunConfig& config) {
  auto inputs = std::make_shared<stages::Inputs>();
  if (config.catalogue.kind == config::CatalogueKind::grid) {
    inputs->rows = std::make_shared<catalogue::GridRows>(config.catalogue.grid);
  } else {
    inputs->rows = std::make_shared<catalogue::SampledRows>(config.catalogue.count);
  }
  Session session{.config = config, .opened = {}, .setup = {}, .plan = {}};
  session.opened.inputs = inputs;
  session.setup = stages::make_setup(config, inputs);
  session.plan = {.rows = inputs->rows->count(), .rows_per_shard = 100};
  return session;
}

/// A ring of 8.2" in a stamp whose half is 8.4".
std::vector<std::string> ring_at_the_edge(const std::string& margin_pix) {
  return {"catalogue.sampled.count=3", "priors.theta_e_arcsec=8.2",
          "priors.src_offset={radius_over_theta_e: 0.05, phi_rad: 0.3}",
          "priors.src_reff_arcsec=0.6", "render.margin_pix=" + margin_pix};
}

TEST(MarginCheck, ARingAtTheEdgeIsShortAndTheStatedMarginMendsIt) {
  const auto check = check_margin(
      session_of(shipped_config("parity_table.yaml", ring_at_the_edge("0"))));

  EXPECT_EQ(check.rows, 3);
  EXPECT_EQ(check.short_rows, 3);
  EXPECT_GT(check.worst_error, 10.0);  // 10 % of border pixels' light and more
  EXPECT_GT(check.enough_pix, 0);
  EXPECT_LE(check.enough_pix, 16);  // half of the kernel of 33 pixels
  EXPECT_THAT(check.warning(), HasSubstr("render.margin_pix: 3 of 3 rows"));
  EXPECT_THAT(
      check.warning(),
      HasSubstr("`render.margin_pix: " + std::to_string(check.enough_pix) + "`"));

  const auto mended = check_margin(session_of(shipped_config(
      "parity_table.yaml", ring_at_the_edge(std::to_string(check.enough_pix)))));
  EXPECT_EQ(mended.short_rows, 0);
  EXPECT_EQ(mended.warning(), "");
}

// The light is all outside the border pixels, and only the PSF brings it in.
TEST(MarginCheck, ImagesJustOutsideTheStampCount) {
  auto overrides = ring_at_the_edge("0");
  overrides.push_back("priors.theta_e_arcsec=6.0");
  overrides.push_back("priors.src_offset={radius_over_theta_e: 0.45, phi_rad: 0.0}");
  overrides.push_back("priors.src_reff_arcsec=0.05");

  const auto check =
      check_margin(session_of(shipped_config("parity_table.yaml", overrides)));

  EXPECT_GT(check.short_rows, 0);
}

/// Lenses anywhere on the stamp, rings of 1" to 8": light at every border.
std::vector<std::string> rings_everywhere() {
  return {"catalogue.sampled.count=60", "priors.theta_e_arcsec={uniform: [1.0, 8.0]}",
          "priors.lens_x_arcsec={uniform: [-6.0, 6.0]}",
          "priors.lens_y_arcsec={uniform: [-6.0, 6.0]}",
          "priors.src_reff_arcsec={uniform: [0.1, 0.6]}"};
}

TEST(MarginCheck, AutoTakesTheMarginThatARowNeeds) {
  auto overrides = rings_everywhere();
  for (const std::string name : {"parity_table.yaml", "seed_gen5.yaml"}) {
    overrides.push_back("render.margin_pix=0");
    const auto without =
        check_margin(session_of(shipped_config(name, overrides)), no_limit);
    overrides.back() = "render.margin_pix=auto";
    const auto check =
        check_margin(session_of(shipped_config(name, overrides)), no_limit);

    EXPECT_GT(without.short_rows, 10) << name;
    EXPECT_EQ(check.rows, without.rows) << name;
    EXPECT_EQ(check.short_rows, 0) << name << ": " << check.warning();
    // Rows that need none take none, and not all others take the most.
    EXPECT_GT(check.rows_by_margin.at(0), 0) << name;
    EXPECT_GE(check.rows_by_margin.size(), 3U) << name;
    EXPECT_LE(check.rows_by_margin.size(), 4U) << name;
  }
}

TEST(MarginCheck, TheLegacyOperatorHasNone) {
  auto overrides = ring_at_the_edge("0");
  overrides.insert(overrides.end(),
                   {"convolve.operator=legacy_ifftshift", "convolve.oversample=1"});

  EXPECT_EQ(
      check_margin(session_of(shipped_config("parity_table.yaml", overrides))).rows, 0);
}

// There is no margin that would mend a row that has its own.
TEST(MarginCheck, OfAutoTheStampIsNamedAsTheWayOut) {
  const MarginCheck check{.rows = 60,
                          .short_rows = 1,
                          .worst_id = 8,
                          .worst_error = 2.4,
                          .rows_by_margin = {{0, 59}, {32, 1}}};

  EXPECT_THAT(check.warning(), HasSubstr("1 of 60 rows looked at are not within"));
  EXPECT_THAT(check.warning(), HasSubstr("injection 8 by a factor of 2.4"));
  EXPECT_THAT(check.warning(), Not(HasSubstr("mends")));
}

// No false alarms and no margins for nothing: what ships keeps the contract, and but
// for one that states it without a margin.
TEST(MarginCheck, ShippedPopulationsNeedNoOther) {
  for (const std::string name :
       {"quickstart.yaml", "seed_gen5.yaml", "seed_gen5_large_sources.yaml",
        "parity_table.yaml", "clumpy_sources.yaml", "mass_from_light.yaml",
        "experiment_a.yaml", "experiment_b.yaml", "experiment_c.yaml"}) {
    const auto config = shipped_config(name);
    const auto check = check_margin(session_of(config));

    EXPECT_GT(check.rows, 0) << name;
    EXPECT_EQ(check.warning(), "") << name;
    EXPECT_EQ(check.rows_by_margin.rbegin()->first,
              config.render.margin_pix.value_or(0))
        << name;
  }
}

}  // namespace
}  // namespace lensmill::pipeline
