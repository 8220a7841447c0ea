#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "stages/config/read_run_config.hpp"
#include "tests/support/chain_runner.hpp"
#include "tests/support/config_texts.hpp"

/// \file
/// The noise of pairs through the whole chain: 10^4 rows of one lens in front of one
/// galaxy, which differ by their noise alone.

namespace lensmill::stages {
namespace {

using test_support::edited;

constexpr int side = 16;
constexpr int rows = 10000;
constexpr double sky_sigma = 0.03;
/// 4 e/ADU in 10 s, and 2.5 mag from the zero point to 1 nmgy: 10 ADU/s.
constexpr double gain = 4.0 * 10.0 * 10.0;
// The worst of the stamp's 256 pixels.
constexpr double most_sigmas = 4.5;

std::string one_pair() {
  auto text = edited(test_support::small_config, "stamp_size_pix: 64",
                     "stamp_size_pix: " + std::to_string(side));
  text = edited(text, "count: 10", "count: " + std::to_string(rows));
  text = edited(text, "{uniform: [0.6, 1.0]}", "0.8");
  text = edited(text, "{disc: {radius_over_theta_e: 0.8}}",
                "{radius_arcsec: 0.3, phi_deg: 20}");
  text = edited(text, "src_flux_nmgy_r: 10.0",
                "src_flux_nmgy_r: 1.0\n  host_flux_nmgy_r: 4.0");
  text = edited(text, "host: none",
                "host: {sersic: {reff_arcsec: 0.5, n: 1, q: 0.8, phi_rad: 0.3}}");
  text = edited(text, "theta_e_arcsec: 1.2", "theta_e_arcsec: 0.9");
  text = edited(text, "{r: 0.01}", "{r: " + std::to_string(sky_sigma) + "}");
  return edited(text, "{r: 500}",
                "{r: {gain_e_per_adu: 4, exposure_s: 10, zero_point_mag: 25}}");
}

test_support::ChainRunner runner_of(const std::string& text) {
  return test_support::ChainRunner(config::read_run_config_text(text, "test.yaml"));
}

/// Sums of powers of one pixel's deviation.
struct Moments {
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  void add(double value) {
    sum += value;
    squares += value * value;
    fourth += value * value * value * value;
  }
  double mean() const { return sum / rows; }
  double variance() const { return squares / rows - mean() * mean(); }
  double mean_error() const { return std::sqrt(variance() / rows); }
  /// Of a mean that is known to be about zero.
  double variance_error() const {
    return std::sqrt((fourth / rows - variance() * variance()) / rows);
  }
};

double correlation(double product, const Moments& a, const Moments& b) {
  return (product / rows - a.mean() * b.mean()) /
         std::sqrt(a.variance() * b.variance());
}

TEST(PairNoise, OfTheDifferenceIsTheArcsPoissonNoiseAlone) {
  const auto runner = runner_of(one_pair());
  Image<Moments> difference(side, side), negative(side, side);
  Image<double> products(side, side), arc, host, variance;
  // Images of some nmgy in single precision, in electrons.
  constexpr double rounding_e = 0.01;
  double worst_fraction = 0.0;
  std::int64_t fewer_than_no_electrons = 0;

  runner.run([&](const Stamp& stamp) {
    const auto& images = stamp.images[0];
    if (arc.size() == 0) {
      arc.assign(side, side);
      host = variance = arc;
      for (std::size_t k = 0; k < arc.size(); ++k) {
        arc.pixels()[k] = double{images.arc.pixels()[k]};
        host.pixels()[k] = double{images.host.pixels()[k]};
        variance.pixels()[k] = double{images.variance.pixels()[k]};
      }
    }
    for (std::size_t k = 0; k < arc.size(); ++k) {
      const double noisy_arc =
          double{images.positive.pixels()[k]} - double{images.negative.pixels()[k]};
      const double electrons = noisy_arc * gain;
      worst_fraction =
          std::max(worst_fraction, std::abs(electrons - std::round(electrons)));
      if (electrons < -rounding_e) ++fewer_than_no_electrons;
      const double arc_noise = noisy_arc - arc.pixels()[k];
      const double host_noise = double{images.negative.pixels()[k]} - host.pixels()[k];
      difference.pixels()[k].add(arc_noise);
      negative.pixels()[k].add(host_noise);
      products.pixels()[k] += arc_noise * host_noise;
    }
  });

  // Whole electrons, whatever sky and host did: nothing else is in the difference.
  EXPECT_LT(worst_fraction, rounding_e);
  EXPECT_EQ(fewer_than_no_electrons, 0);
  double brightest_e = 0.0;
  for (std::size_t k = 0; k < arc.size(); ++k) {
    SCOPED_TRACE(k);
    const auto& d = difference.pixels()[k];
    const auto& n = negative.pixels()[k];
    // Errors of a Poisson distribution's moments, not the found ones: few electrons are
    // skewed.
    const double mean_e = arc.pixels()[k] * gain;
    brightest_e = std::max(brightest_e, mean_e);
    EXPECT_NEAR(d.mean() * gain, 0.0, most_sigmas * std::sqrt(mean_e / rows));
    EXPECT_NEAR(d.variance() * gain * gain, mean_e,
                most_sigmas * std::sqrt((mean_e + 2.0 * mean_e * mean_e) / rows));
    EXPECT_NEAR(n.mean(), 0.0, most_sigmas * n.mean_error());
    const double configured = sky_sigma * sky_sigma + host.pixels()[k] / gain;
    EXPECT_NEAR(n.variance(), configured, most_sigmas * n.variance_error());
    EXPECT_NEAR(correlation(products.pixels()[k], d, n), 0.0,
                most_sigmas / std::sqrt(rows));
    // The plane `variance` is that of `positive`.
    EXPECT_NEAR(variance.pixels()[k] / (configured + arc.pixels()[k] / gain), 1.0,
                1.0e-5);
  }
  // Neither few nor many electrons, or the test would not tell Poisson from normal.
  EXPECT_GT(brightest_e, 4.0);
  EXPECT_LT(brightest_e, 400.0);
}

/// The scatter that a matched filter finds over rows, in units of the flux.
struct Scatter {
  double of_amplitude = 0.0;
  double column = 0.0;  ///< arc_snr of every row, which is the same
};

Scatter scatter_of(const std::string& text, double target) {
  const auto runner = runner_of(text);
  Moments amplitude;
  Scatter result;
  runner.run([&](const Stamp& stamp) {
    ASSERT_EQ(stamp.status, Status::ok);
    const auto& images = stamp.images[0];
    double filtered = 0.0, response = 0.0;
    for (std::size_t k = 0; k < images.arc.size(); ++k) {
      const double weight =
          double{images.arc.pixels()[k]} / double{images.variance.pixels()[k]};
      filtered += weight * (double{images.positive.pixels()[k]} -
                            double{images.host.pixels()[k]});
      response += weight * double{images.arc.pixels()[k]};
    }
    amplitude.add(filtered / response - 1.0);
    result.column = stamp.measurement.arc_snr[0];
    // As closely as single-precision planes hold the scaled arc.
    ASSERT_NEAR(result.column / target, 1.0, 1.0e-5);
  });
  EXPECT_NEAR(amplitude.mean(), 0.0, most_sigmas * amplitude.mean_error());
  result.of_amplitude = std::sqrt(amplitude.variance());
  return result;
}

TEST(TargetSnr, IsTheScatterOfTheMatchedFilterThroughTheChain) {
  // Required; the scatter of 10^4 numbers is known to 0.7 %.
  constexpr double required = 0.03;
  // Sky-dominated, and bright enough for the arc's own noise to count.
  for (const double target : {8.0, 40.0}) {
    const auto text = edited(one_pair(), "src_flux_nmgy_r: 1.0",
                             "src_target_snr: " + std::to_string(target));

    const auto found = scatter_of(text, target);

    EXPECT_NEAR(found.of_amplitude * target, 1.0, required);
    RecordProperty("snr_times_scatter_of_target_" + std::to_string(int(target)),
                   std::to_string(found.of_amplitude * target));
  }
}

}  // namespace
}  // namespace lensmill::stages
