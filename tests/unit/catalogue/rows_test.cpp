#include "lib/catalogue/rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SampledRows, BringNothingButTheirNumber) {
  const SampledRows rows(100);

  const auto block = rows.read(40, 3);

  EXPECT_EQ(rows.count(), 100);
  EXPECT_THAT(rows.given(), IsEmpty());
  EXPECT_THAT(block.injection_id, ElementsAre(40, 41, 42));
  EXPECT_THAT(block.row(2), IsEmpty());
}

TEST(RangeValues, IncludesTheEndWithinRounding) {
  EXPECT_THAT(range_values(0.1, 0.3, 0.1), ElementsAre(0.1, 0.2, 0.3));
  EXPECT_EQ(range_values(0.1, 1.0, 0.1).size(), 10u);
  EXPECT_EQ(range_values(0.1, 1.0, 0.1).back(), 1.0);
  EXPECT_THAT(range_values(0.0, 1.0, 0.4), ElementsAre(0.0, 0.4, 0.8));
  EXPECT_THAT(range_values(1.0, 0.0, -0.5), ElementsAre(1.0, 0.5, 0.0));
  EXPECT_THAT(range_values(2.0, 2.0, 1.0), ElementsAre(2.0));
}

TEST(RangeValues, RefusesStepsThatLeadNowhere) {
  EXPECT_THROW(range_values(0.0, 1.0, 0.0), ConfigError);
  EXPECT_THROW(range_values(0.0, 1.0, -0.1), ConfigError);
  EXPECT_THROW(range_values(0.0, 1.0, 1.0e-9), ConfigError);
}

TEST(GridRows, TheLastAxisRunsFastest) {
  const GridRows rows(
      {{"theta_e_arcsec", {1.0, 2.0}}, {"src_mag_r", {20.0, 21.0, 22.0}}});

  const auto block = rows.read(2, 3);

  EXPECT_EQ(rows.count(), 6);
  EXPECT_THAT(rows.given(), ElementsAre("theta_e_arcsec", "src_mag_r"));
  EXPECT_THAT(block.injection_id, ElementsAre(2, 3, 4));
  EXPECT_THAT(block.row(0), ElementsAre(1.0, 22.0));
  EXPECT_THAT(block.row(1), ElementsAre(2.0, 20.0));
  EXPECT_THAT(block.row(2), ElementsAre(2.0, 21.0));
}

TEST(GridRows, ReportsAllBadAxes) {
  try {
    GridRows rows({{"theta_e", {1.0}},
                   {"lens_q", {0.5, 1.5}},
                   {"lens_gamma", {}},
                   {"lens_q", {0.5}}});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("catalogue.grid.theta_e: unknown quantity"));
    EXPECT_THAT(error.what(), HasSubstr("lens_q: must be in (0, 1] (got 1.5)"));
    EXPECT_THAT(error.what(), HasSubstr("lens_gamma: must have at least one value"));
    EXPECT_THAT(error.what(), HasSubstr("lens_q: is listed twice"));
  }
  EXPECT_THROW(GridRows({}), ConfigError);
}

}  // namespace
}  // namespace lensmill::catalogue
