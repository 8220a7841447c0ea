#include "lib/recovery/completeness_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace lensmill::recovery {
namespace {

constexpr double true_snr_50 = 12.0;
constexpr double true_slope = 4.0;

double logistic_at(double snr) {
  return 1.0 / (1.0 + std::exp(-true_slope * std::log(snr / true_snr_50)));
}

template <class Completeness>
std::vector<Trial> drawn(int n, std::uint64_t seed, Completeness&& completeness) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> log_snr(std::log(2.0), std::log(100.0));
  std::uniform_real_distribution<double> share(0.0, 1.0);
  std::vector<Trial> trials;
  for (int k = 0; k < n; ++k) {
    const double snr = std::exp(log_snr(random));
    trials.push_back({.variable = snr, .recovered = share(random) < completeness(snr)});
  }
  return trials;
}

TEST(CompletenessFit, HoldsThePlantedPointsAsOftenAsItSays) {
  // 400 draws of a chance of 0.9 scatter by 0.015; the intervals are asymptotic.
  constexpr double scatter = 0.05;
  const double true_snr_90 = true_snr_50 * std::exp(std::log(9.0) / true_slope);
  constexpr int draws = 400;
  int half = 0, most = 0, refused = 0;
  for (int seed = 0; seed < draws; ++seed) {
    const auto fit =
        fit_completeness(drawn(200, static_cast<std::uint64_t>(seed), logistic_at));
    if (!fit.problem.empty()) {
      ++refused;
      continue;
    }
    half += fit.snr_50.contains(true_snr_50) ? 1 : 0;
    most += fit.snr_90.contains(true_snr_90) ? 1 : 0;
  }
  // The test of the logistic refuses a true one in 1 of 100.
  EXPECT_LT(refused, draws / 20);
  const double fitted = draws - refused;
  EXPECT_NEAR(half / fitted, 0.90, scatter);
  EXPECT_NEAR(most / fitted, 0.90, scatter);
}

TEST(CompletenessFit, ConvergesToThePlantedLine) {
  const auto fit = fit_completeness(drawn(200000, 1, logistic_at));

  ASSERT_EQ(fit.problem, "");
  // Standard errors of 200,000 injections: 0.5 % of both.
  EXPECT_NEAR(fit.slope, true_slope, 0.02 * true_slope);
  EXPECT_NEAR(fit.snr_50.value, true_snr_50, 0.02 * true_snr_50);
  EXPECT_NEAR(fit.intercept, -true_slope * std::log(true_snr_50),
              0.02 * true_slope * std::log(true_snr_50));
}

TEST(CompletenessFit, RefusesWhatIsNoLogistic) {
  // A plateau at one half, as where detections are masked at random.
  const auto fit = fit_completeness(
      drawn(2000, 2, [](double snr) { return snr < 10.0 ? 0.02 : 0.5; }));

  EXPECT_NE(fit.problem.find("does not describe"), std::string::npos) << fit.problem;
  EXPECT_TRUE(std::isnan(fit.snr_50.value));
}

TEST(CompletenessFit, SaysWhereThereIsNoSlope) {
  for (const double share : {0.0, 0.5, 1.0}) {
    const auto fit = fit_completeness(drawn(300, 4, [&](double) { return share; }));
    EXPECT_NE(fit.problem.find("no slope"), std::string::npos) << share;
  }
  // One SNR that separates them: any slope would do.
  const auto step = fit_completeness(
      drawn(300, 4, [](double snr) { return snr < 10.0 ? 0.0 : 1.0; }));
  EXPECT_FALSE(step.problem.empty());
  // All of one SNR.
  std::vector<Trial> same(100, Trial{.variable = 10.0, .recovered = true});
  for (std::size_t k = 0; k < 50; ++k) same[k].recovered = false;
  EXPECT_FALSE(fit_completeness(same).problem.empty());
}

TEST(CompletenessFit, NeedsFiftyInjectionsWithAnSnr) {
  auto trials = drawn(60, 1, logistic_at);
  for (std::size_t k = 0; k < 11; ++k) {
    trials[k].variable = k == 0 ? 0.0 : std::nan("");
  }

  const auto fit = fit_completeness(trials);

  EXPECT_EQ(fit.injections, 49);
  EXPECT_EQ(fit.left_out, 11);
  EXPECT_EQ(fit.problem, "49 injections have an SNR, 50 are needed");
}

TEST(CompletenessFit, DoesNotDependOnTheOrder) {
  auto trials = drawn(300, 8, logistic_at);
  const auto first = fit_completeness(trials);

  std::mt19937_64 random(1);
  std::ranges::shuffle(trials, random);
  const auto again = fit_completeness(trials);

  EXPECT_EQ(first.snr_50.value, again.snr_50.value);
  EXPECT_EQ(first.chi2, again.chi2);
}

}  // namespace
}  // namespace lensmill::recovery
