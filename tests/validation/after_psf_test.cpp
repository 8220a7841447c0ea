// Whole rows after the PSF, against ones made with a tenth of the tightest tolerance,
// four lattice points per pixel and sums in double precision: tolerances are kept
// there, and render_core_error is a bound there, too.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/chain_runner.hpp"
#include "tests/support/far_populations.hpp"

namespace lensmill {
namespace {

using test_support::ChainRunner;

constexpr int rows = 30;
constexpr double least_core_share = 1.0e-2;  // of the arc's flux (accuracy contract)
// One row of 30: of 300 at most one missed, three exceeded the estimate.
constexpr int few = 1;

std::vector<std::string> population(const std::vector<std::string>& others) {
  auto overrides = test_support::wide();
  overrides.push_back("catalogue.sampled.count=" + std::to_string(rows));
  overrides.insert(overrides.end(), others.begin(), others.end());
  return overrides;
}

struct Row {
  std::vector<float> arc;
  double peak = 0.0;
  double core = 0.0;  ///< flux in the widest aperture over the arc's
  double core_error = 0.0;
};

std::vector<Row> rows_of(const config::RunConfig& config) {
  std::vector<Row> made;
  ChainRunner(config).run([&](const stages::Stamp& stamp) {
    const auto arc = stamp.images[0].arc.pixels();
    const auto& m = stamp.measurement;
    made.push_back({.arc = {arc.begin(), arc.end()},
                    .peak = double{*std::ranges::max_element(arc)},
                    .core = m.core_flux_fraction[m.at(0, m.shape.radii - 1)],
                    .core_error = m.render_core_error});
  });
  return made;
}

const std::vector<Row>& truth() {
  static const std::vector<Row> made = [] {
    auto config = test_support::shipped_config(
        "parity_table.yaml",
        population({"convolve.operator=direct", "convolve.oversample=4"}));
    // Below what a configuration may ask for.
    config.render.pixel_tolerance = config.render.core_tolerance = 1.0e-7;
    return rows_of(config);
  }();
  return made;
}

struct Tolerances {
  double pixel, core;
};
class AfterPsf : public testing::TestWithParam<Tolerances> {};

TEST_P(AfterPsf, TolerancesAreKeptAndTheEstimateIsABound) {
  const auto [pixel, core] = GetParam();
  const auto made = rows_of(test_support::shipped_config(
      "parity_table.yaml",
      population({"render.pixel_tolerance=" + std::to_string(pixel),
                  "render.core_tolerance=" + std::to_string(core)})));
  int pixel_missed = 0, core_missed = 0, exceeded = 0;
  for (std::size_t k = 0; k < made.size(); ++k) {
    const Row& expected = truth()[k];
    double worst = 0.0;
    for (std::size_t p = 0; p < expected.arc.size(); ++p) {
      worst =
          std::max(worst, std::abs(double{made[k].arc[p]} - double{expected.arc[p]}));
    }
    const double error = std::abs(made[k].core - expected.core) /
                         std::max(expected.core, least_core_share);
    pixel_missed += worst > pixel * expected.peak ? 1 : 0;
    core_missed += error > core ? 1 : 0;
    exceeded += error > made[k].core_error ? 1 : 0;
  }

  EXPECT_EQ(pixel_missed, 0);
  EXPECT_LE(core_missed, few);
  EXPECT_LE(exceeded, few);
}
INSTANTIATE_TEST_SUITE_P(Fft, AfterPsf,
                         testing::Values(Tolerances{1.0e-3, 1.0e-3},
                                         Tolerances{1.0e-4, 1.0e-4},
                                         Tolerances{1.0e-5, 1.0e-5},
                                         Tolerances{1.0e-3, 1.0e-5}));

}  // namespace
}  // namespace lensmill
