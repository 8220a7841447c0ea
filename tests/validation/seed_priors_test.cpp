#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/catalogue/injection_sampler.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"

namespace lensmill {
namespace {

constexpr std::int64_t row_count = 20000;
// Four standard errors of a fraction p of n rows are 4 sqrt(p (1 - p) / n): 0.0077 at
// 0.919 and 0.0127 at 0.721. A median's is 4 * 0.5 / (sqrt(n) density): the offset in
// units of theta_E has density 2 x / 0.8^2 = 1.77 at 0.566, the proxy 0.2 per pixel or
// more at 2 px.
constexpr double offset_tolerance = 0.008;
constexpr double proxy_tolerance_pix = 0.07;
constexpr double within_5_tolerance = 0.0077;
constexpr double within_3_tolerance = 0.0127;

std::vector<catalogue::Injection> rows_of(const std::string& name) {
  const auto config =
      config::read_run_config(test_support::source_folder() / "configs" / name);
  stages::Inputs inputs;
  const catalogue::InjectionSampler sampler({.seed = config.run.seed,
                                             .needs = stages::needs_of(config, inputs),
                                             .priors = config.priors});
  std::vector<catalogue::Injection> rows;
  for (std::int64_t id = 0; id < row_count; ++id) rows.push_back(sampler.sample(id));
  return rows;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double offset(const catalogue::Injection& row) {
  return std::hypot(row.src_x_arcsec, row.src_y_arcsec);
}

TEST(SeedPriors, ReproduceTheSeedsInnerImageStatistics) {
  constexpr double pixel_scale_arcsec = 0.262;
  std::vector<double> relative, proxy_pix;
  for (const auto& row : rows_of("seed_gen5.yaml")) {
    relative.push_back(offset(row) / row.theta_e_arcsec);
    proxy_pix.push_back((row.theta_e_arcsec - offset(row)) / pixel_scale_arcsec);
  }
  const auto share_within = [&](double radius_pix) {
    const auto inside = std::count_if(proxy_pix.begin(), proxy_pix.end(),
                                      [&](double r) { return r < radius_pix; });
    return static_cast<double>(inside) / static_cast<double>(row_count);
  };

  EXPECT_NEAR(median(relative), 0.8 / std::sqrt(2.0), offset_tolerance);
  EXPECT_NEAR(median(proxy_pix), 2.00, proxy_tolerance_pix);
  EXPECT_NEAR(share_within(5.0), 0.919, within_5_tolerance);
  EXPECT_NEAR(share_within(3.0), 0.721, within_3_tolerance);
}

TEST(SeedPriors, LargeSourcesDifferFromTheSeedInSizeAlone) {
  const auto small = rows_of("seed_gen5.yaml");
  const auto large = rows_of("seed_gen5_large_sources.yaml");
  for (std::size_t i = 0; i < small.size(); ++i) {
    ASSERT_EQ(large[i].theta_e_arcsec, small[i].theta_e_arcsec);
    ASSERT_EQ(large[i].src_x_arcsec, small[i].src_x_arcsec);
    ASSERT_EQ(large[i].src_q, small[i].src_q);
    for (std::size_t band = 0; band < 3; ++band) {
      ASSERT_EQ(large[i].src_flux_nmgy[band], small[i].src_flux_nmgy[band]);
      ASSERT_EQ(large[i].psf_fwhm_pix[band], small[i].psf_fwhm_pix[band]);
    }
    ASSERT_GE(large[i].src_reff_arcsec, 0.6);
    ASSERT_LE(large[i].src_reff_arcsec, 1.2);
  }
}

TEST(ParityTablePriors, OffsetsAreClippedOntoTheirBounds) {
  // P(beta / theta_E <= 0.05) = Phi(-0.55 / 0.18) = 0.0011, P(>= 1) = Phi(-0.4 / 0.18)
  // = 0.0131: four standard errors of 20000 rows are 0.0010 and 0.0032.
  double at_lower = 0.0, at_upper = 0.0;
  constexpr double rounding = 1e-12;
  for (const auto& row : rows_of("parity_table.yaml")) {
    const double relative = offset(row) / row.theta_e_arcsec;
    EXPECT_GE(relative, 0.05 - rounding);
    EXPECT_LE(relative, 1.0 + rounding);
    if (relative < 0.05 + rounding) at_lower += 1.0 / row_count;
    if (relative > 1.0 - rounding) at_upper += 1.0 / row_count;
  }
  EXPECT_NEAR(at_lower, 0.0011, 0.0010);
  EXPECT_NEAR(at_upper, 0.0131, 0.0032);
}

}  // namespace
}  // namespace lensmill
