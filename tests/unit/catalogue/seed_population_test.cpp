#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr int draws = 20000;
constexpr double pixel_scale_arcsec = 0.262;

/// Offsets and SIS proxies (theta_E - beta) of the seed's population.
struct Population {
  std::vector<double> offset_over_theta_e;
  std::vector<double> proxy_pix;
};
Population seed_population() {
  const InjectionSampler sampler(seed_config());
  Population population;
  for (int id = 0; id < draws; ++id) {
    const auto row = sampler.sample(id);
    const double beta = std::hypot(row.src_x_arcsec, row.src_y_arcsec);
    population.offset_over_theta_e.push_back(beta / row.theta_e_arcsec);
    population.proxy_pix.push_back((row.theta_e_arcsec - beta) / pixel_scale_arcsec);
  }
  return population;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}
double fraction_below(const std::vector<double>& values, double limit) {
  return double(std::count_if(values.begin(), values.end(),
                              [&](double v) { return v < limit; })) /
         double(values.size());
}

// Exact values of this population (equal weights on the theta_E grid); standard errors
// at 20,000 draws are 0.003, 0.02 px, 0.2 % and 0.3 %.
TEST(SeedPopulation, InnerImageProxyHasTheSeedsStatistics) {
  const auto population = seed_population();

  EXPECT_NEAR(median(population.offset_over_theta_e), 0.566, 0.015);
  EXPECT_NEAR(median(population.proxy_pix), 2.00, 0.1);
  EXPECT_NEAR(fraction_below(population.proxy_pix, 5.0), 0.919, 0.01);
  EXPECT_NEAR(fraction_below(population.proxy_pix, 3.0), 0.721, 0.012);
}

TEST(SeedPopulation, OffsetIsUniformInArea) {
  // (beta / 0.8 theta_E)^2 is uniform in (0, 1): mean 1/2, variance 1/12.
  const auto population = seed_population();
  double sum = 0.0;
  for (double offset : population.offset_over_theta_e) {
    sum += offset * offset / 0.64;
  }

  EXPECT_NEAR(sum / draws, 0.5, 5.0 * std::sqrt(1.0 / 12.0 / draws));
}

}  // namespace
}  // namespace lensmill::catalogue
