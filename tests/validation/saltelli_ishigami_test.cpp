#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "lib/analysis/sensitivity.hpp"
#include "lib/catalogue/injection_sampler.hpp"
#include "lib/core/saltelli.hpp"

/// \file
/// From the design of a catalogue to its indices, with the Ishigami function in place
/// of the renderer: the sampler's rows, in the order in which a run makes them.

namespace lensmill {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double a = 7.0, b = 0.1;
constexpr std::int64_t points = 4096;
constexpr std::size_t factors = 3;

/// Three numbers of a row that are drawn, as x in (-pi, pi).
catalogue::InjectionSampler design() {
  using namespace catalogue;
  InjectionSamplerConfig config;
  config.seed = 5;
  config.needs.bands = {"r"};
  config.needs.sky_noise = false;
  const auto entry = [&](const std::string& quantity, Prior prior) {
    config.priors.entries.push_back({quantity, std::move(prior), "priors." + quantity});
  };
  entry("lens_phi_rad", Sampler{Uniform{-pi, pi}});
  entry("src_phi_rad", Sampler{Uniform{-pi, pi}});
  entry("lens_x_arcsec", Sampler{Uniform{-pi, pi}});
  for (const char* zero : {"shear_g1", "shear_g2", "src_x_arcsec", "src_y_arcsec"}) {
    entry(zero, Sampler{Constant{0.0}});
  }
  for (const char* one : {"theta_e_arcsec", "lens_q", "src_q", "src_reff_arcsec",
                          "src_sersic_n", "src_flux_nmgy_r"}) {
    entry(one, Sampler{Constant{1.0}});
  }
  entry("lens_gamma", Sampler{Constant{2.0}});
  config.design = Design::sobol;
  config.saltelli_factors = {"lens_phi_rad", "src_phi_rad", "lens_x_arcsec"};
  return InjectionSampler(std::move(config));
}

double ishigami(const catalogue::Injection& row) {
  return std::sin(row.lens_phi_rad) + a * std::pow(std::sin(row.src_phi_rad), 2) +
         b * std::pow(row.lens_x_arcsec, 4) * std::sin(row.lens_phi_rad);
}

TEST(SaltelliDesign, GivesTheIndicesOfTheIshigamiFunction) {
  // At 4096 independent points the estimators scatter by 0.024 (first order) and 0.02
  // (total); Sobol points leave less than half of that.
  constexpr double tolerance = 0.02;
  const auto sampler = design();
  const std::int64_t rows = points * saltelli_rows_per_point(factors);
  std::vector<std::int64_t> row;
  std::vector<double> response;
  for (std::int64_t id = rows; id-- > 0;) {  // the order of rows does not matter
    row.push_back(id);
    response.push_back(ishigami(sampler.sample(id)));
  }

  const auto design = analysis::responses_of_design(row, response, rows, factors);
  const auto found = analysis::sobol_indices(design.responses);

  EXPECT_EQ(design.points, points);
  EXPECT_EQ(design.dropped, 0);
  const double variance =
      a * a / 8.0 + b * std::pow(pi, 4) / 5.0 + b * b * std::pow(pi, 8) / 18.0 + 0.5;
  const double v1 = 0.5 * std::pow(1.0 + b * std::pow(pi, 4) / 5.0, 2);
  const double v2 = a * a / 8.0;
  const double v13 = b * b * std::pow(pi, 8) * (1.0 / 18.0 - 1.0 / 50.0);
  const std::array first{v1 / variance, v2 / variance, 0.0};
  const std::array total{(v1 + v13) / variance, v2 / variance, v13 / variance};
  ASSERT_EQ(found.size(), factors);
  for (std::size_t k = 0; k < factors; ++k) {
    EXPECT_NEAR(found[k].first.value, first[k], tolerance) << k;
    EXPECT_NEAR(found[k].total.value, total[k], tolerance) << k;
    // The bootstrap takes the points as independent: its intervals hold the truth.
    EXPECT_TRUE(found[k].first.contains(first[k])) << k;
    EXPECT_TRUE(found[k].total.contains(total[k])) << k;
  }
}

TEST(SaltelliDesign, DropsWholeBasePoints) {
  // Row 7 (point 1) has no response, nor has any row of point 3.
  constexpr std::int64_t rows = 4 * 5;
  std::vector<std::int64_t> row;
  std::vector<double> response;
  for (std::int64_t id = 0; id < 15; ++id) {
    if (id == 7) continue;
    row.push_back(id);
    response.push_back(static_cast<double>(id));
  }

  const auto design = analysis::responses_of_design(row, response, rows, factors);

  EXPECT_EQ(design.points, 4);
  EXPECT_EQ(design.dropped, 2);
  EXPECT_EQ(design.responses.y_a, (std::vector{0.0, 10.0}));
  EXPECT_EQ(design.responses.y_b, (std::vector{1.0, 11.0}));
  EXPECT_EQ(design.responses.y_ab[2], (std::vector{4.0, 14.0}));
}

}  // namespace
}  // namespace lensmill
