#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr double five_sigma = 5.0;

/// The seed's priors on real cutouts whose r magnitude is 20 + host/100.
InjectionSamplerConfig cutout_config(std::int64_t hosts) {
  auto config = seed_config();
  config.needs.host = HostSource::cutouts;
  for (const char* name : {"host_mag_r", "host_colour_g_r", "host_colour_r_z"}) {
    erase_prior(config.priors, name);
  }
  config.hosts.count = hosts;
  for (std::int64_t host = 0; host < hosts; ++host) {
    for (double offset : {1.0, 0.0, -1.0}) {
      const double mag = 20.0 + 0.01 * static_cast<double>(host) + offset;
      config.hosts.flux_nmgy.push_back(nmgy_from_mag(mag));
    }
  }
  return config;
}

TEST(Hosts, OnceServesEachHostOnce) {
  auto config = cutout_config(46);
  config.hosts.policy = HostPolicy::once;
  const InjectionSampler sampler(config);
  std::set<std::int64_t> seen;

  for (int id = 0; id < 46; ++id) seen.insert(sampler.sample(id).host_index);

  EXPECT_EQ(seen.size(), 46u);
  EXPECT_EQ(*seen.rbegin(), 45);
  EXPECT_NE(sampler.sample(0).host_index, 0);  // a permutation, not the file's order
  EXPECT_THROW(sampler.sample(46), DataError);
}

TEST(Hosts, OnceNeedsEnoughHosts) {
  auto config = cutout_config(46);
  config.hosts.policy = HostPolicy::once;
  config.row_count = 47;

  EXPECT_THROW(InjectionSampler{config}, ConfigError);
}

TEST(Hosts, ReuseDrawsAllHostsEqually) {
  constexpr int hosts = 10;
  constexpr int draws = 5000;
  const InjectionSampler sampler(cutout_config(hosts));
  std::array<int, hosts> count{};

  for (int id = 0; id < draws; ++id) {
    ++count.at(static_cast<std::size_t>(sampler.sample(id).host_index));
  }

  for (int n : count) {
    EXPECT_NEAR(n, draws / hosts, five_sigma * std::sqrt(draws * 0.1 * 0.9));
  }
}

TEST(Hosts, SourceMagnitudeIsRelativeToTheMeasuredHost) {
  constexpr double rounding_mag = 1.0e-12;
  const InjectionSampler sampler(cutout_config(46));

  for (int id = 0; id < 50; ++id) {
    const auto row = sampler.sample(id);
    const double host_mag = 20.0 + 0.01 * static_cast<double>(row.host_index);
    const double difference = mag_from_nmgy(row.src_flux_nmgy[1]) - host_mag;
    EXPECT_NEAR(mag_from_nmgy(row.host_flux_nmgy[1]), host_mag, rounding_mag);
    EXPECT_NEAR(std::remainder(difference, 0.5), 0.0, rounding_mag);
    EXPECT_GT(difference, 0.4);
  }
}

TEST(Hosts, AHostWithoutMeasurableFluxGivesNan) {
  auto config = cutout_config(1);
  config.hosts.flux_nmgy[1] = -2.0;

  const auto row = InjectionSampler(config).sample(0);

  EXPECT_EQ(row.host_flux_nmgy[1], -2.0);
  EXPECT_TRUE(std::isnan(row.src_flux_nmgy[1]));
}

TEST(Hosts, TurnsAndFlipsAreDrawnEqually) {
  constexpr int draws = 4000;
  auto config = cutout_config(1);
  config.hosts.random_rotation = true;
  config.hosts.random_flip = true;
  const InjectionSampler sampler(config);
  std::map<std::pair<std::int64_t, std::int64_t>, int> count;

  for (int id = 0; id < draws; ++id) {
    const auto row = sampler.sample(id);
    ++count[{row.host_flip, row.host_rotation}];
  }

  EXPECT_EQ(count.size(), 8u);
  for (const auto& [turn, n] : count) {
    EXPECT_NEAR(n, draws / 8, five_sigma * std::sqrt(draws * 0.125 * 0.875));
  }
}

TEST(Split, KeepsRowsOfOneHostTogetherAtTheAskedFractions) {
  constexpr int hosts = 2000;
  auto config = cutout_config(hosts);
  config.split = {.validation = 0.15, .test = 0.1};
  const InjectionSampler sampler(config);
  std::map<std::int64_t, Split> of_host;
  std::array<int, 3> count{};

  for (int id = 0; id < 8000; ++id) {
    const auto row = sampler.sample(id);
    const auto [at, is_new] = of_host.emplace(row.host_index, row.split);
    EXPECT_EQ(at->second, row.split);
    if (is_new) ++count.at(static_cast<std::size_t>(row.split));
  }

  const double n = double(of_host.size());
  EXPECT_NEAR(count[0] / n, 0.75, five_sigma * std::sqrt(0.75 * 0.25 / n));
  EXPECT_NEAR(count[1] / n, 0.15, five_sigma * std::sqrt(0.15 * 0.85 / n));
  EXPECT_NEAR(count[2] / n, 0.10, five_sigma * std::sqrt(0.10 * 0.90 / n));
}

TEST(Split, IsByRowForSyntheticHosts) {
  const InjectionSampler sampler(seed_config());
  std::set<Split> seen;

  for (int id = 0; id < 100; ++id) seen.insert(sampler.sample(id).split);

  EXPECT_EQ(seen.size(), 3u);
}

}  // namespace
}  // namespace lensmill::catalogue
