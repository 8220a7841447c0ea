#include "lib/analysis/shapley.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "lib/analysis/counterfactual_sums.hpp"
#include "lib/analysis/hypotheses.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

// Sums of 16 numbers of order 1.
constexpr double rounding = 1.0e-14;

TEST(ShapleyValues, AddUpToAllMinusNone) {
  RandomStream stream(3, 1, StreamTag::self_test);
  for (std::size_t players = 1; players <= 5; ++players) {
    std::vector<double> value(std::size_t{1} << players);
    for (auto& v : value) v = stream.uniform();

    const auto phi = shapley_values(value);

    ASSERT_EQ(phi.size(), players);
    EXPECT_NEAR(std::accumulate(phi.begin(), phi.end(), 0.0),
                value.back() - value.front(), rounding);
  }
}

TEST(ShapleyValues, OfTheGloveGame) {
  // One left glove (player 0), two right ones: a pair is worth 1. Closed form: 2/3 for
  // the left one, 1/6 for each right one, which are alike.
  std::array<double, 8> value{};
  for (std::size_t subset = 0; subset < 8; ++subset) {
    value[subset] = (subset & 1) != 0 && (subset & 6) != 0 ? 1.0 : 0.0;
  }

  const auto phi = shapley_values(value);

  EXPECT_NEAR(phi[0], 2.0 / 3.0, rounding);
  EXPECT_NEAR(phi[1], 1.0 / 6.0, rounding);
  EXPECT_EQ(phi[1], phi[2]);
}

TEST(ShapleyValues, OfEffectsAndTheirInteractions) {
  // v = sum of a_i + b x_0 x_1 + c x_0 x_1 x_2: an interaction is shared equally by
  // those who take part; player 3 changes nothing.
  constexpr std::array a{0.3, -0.2, 0.05, 0.0};
  constexpr double b = 0.12, c = -0.09;
  std::array<double, 16> value{};
  for (std::size_t subset = 0; subset < 16; ++subset) {
    for (std::size_t i = 0; i < 4; ++i)
      value[subset] += ((subset >> i) & 1) != 0 ? a[i] : 0;
    if ((subset & 3) == 3) value[subset] += b;
    if ((subset & 7) == 7) value[subset] += c;
  }

  const auto phi = shapley_values(value);

  EXPECT_NEAR(phi[0], a[0] + b / 2 + c / 3, rounding);
  EXPECT_NEAR(phi[1], a[1] + b / 2 + c / 3, rounding);
  EXPECT_NEAR(phi[2], a[2] + c / 3, rounding);
  EXPECT_NEAR(phi[3], 0.0, rounding);
}

CounterfactualRow row_with(std::int64_t unit, double theta_e, double extent,
                           double counter, double psf, double op) {
  CounterfactualRow row{.row = unit, .unit = unit, .theta_e_arcsec = theta_e};
  row.split = {0.2, 0.1, 0.0, -0.05};
  for (std::size_t subset = 0; subset < game_size; ++subset) {
    row.value[subset] =
        0.1 + ((subset & 1) != 0 ? extent : 0.0) + ((subset & 2) != 0 ? counter : 0.0) +
        ((subset & 4) != 0 ? psf : 0.0) + ((subset & 12) == 12 ? op : 0.0);
  }
  return row;
}

TEST(CounterfactualSums, HoldBothGamesByBin) {
  CounterfactualSums sums(Bins({0.5, 1.0, 2.0}));
  EXPECT_TRUE(sums.add(row_with(1, 0.7, 0.01, 0.2, -0.1, -0.15)));
  EXPECT_TRUE(sums.add(row_with(2, 1.5, 0.03, 0.1, -0.2, -0.05)));
  const Bootstrap b(sums.sums());
  const auto low = b.data(0), all = b.data(b.all());

  EXPECT_EQ(low[c_rows], 1.0);
  EXPECT_NEAR(low[c_shapley + counter_image_cause], 0.2, rounding);
  EXPECT_EQ(low[c_leads + counter_image_cause], 1.0);
  // The operator acts where there is a PSF: half of it each.
  EXPECT_NEAR(low[c_both_shapley + operator_cause], -0.075, rounding);
  EXPECT_NEAR(low[c_both_shapley + psf_cause], -0.1 - 0.075, rounding);
  EXPECT_EQ(all[c_both_rows], 2.0);
  EXPECT_NEAR(all[c_operator], -0.2, rounding);
  EXPECT_NEAR(all[c_core] - all[c_rest], 0.04 + 0.3 - 0.3, rounding);
  EXPECT_NEAR(all[c_split + psf_transport], -0.1, rounding);
}

TEST(CounterfactualSums, LeaveOutWhatHasNoValue) {
  CounterfactualSums sums(Bins({0.5, 1.0}));
  auto no_legacy = row_with(1, 0.7, 0.01, 0.2, -0.1, 0.0);
  for (std::size_t subset = 0; subset < game_size; ++subset) {
    if ((subset & 8) != 0) no_legacy.value[subset] = NAN;
  }
  auto no_flux = row_with(2, 0.7, 0.01, 0.2, -0.1, 0.0);
  no_flux.value[1] = NAN;

  EXPECT_TRUE(sums.add(no_legacy));
  EXPECT_FALSE(sums.add(no_flux));

  const Bootstrap b(sums.sums());
  EXPECT_EQ(b.data(0)[c_rows], 1.0);
  EXPECT_EQ(b.data(0)[c_both_rows], 0.0);
}

TEST(Hypotheses, H3ComparesTheOperatorWithTheCausesOfTheSplit) {
  LeakageSums leakage(Bins({0.5, 1.0}), 0);
  CounterfactualSums takes_out(Bins({0.5, 1.0})), brings_in(Bins({0.5, 1.0}));
  for (std::int64_t unit = 0; unit < 60; ++unit) {
    StampRow row;
    row.unit = unit;
    row.theta_e_arcsec = 0.7;
    leakage.add(row);
    takes_out.add(row_with(unit, 0.7, 0.0, 0.2, -0.1, -0.15));
    brings_in.add(row_with(unit, 0.7, 0.0, 0.2, -0.1, 0.25));  // the split has 0.2
  }
  const Bootstrap rows(leakage.sums());
  const auto h3 = [&](const CounterfactualSums* sums) {
    if (sums == nullptr) return test_hypotheses(rows, 0, false)[2];
    const Bootstrap counterfactual(sums->sums());
    return test_hypotheses(rows, 0, false, &counterfactual)[2];
  };

  EXPECT_EQ(h3(nullptr).verdict, Verdict::not_decided);
  EXPECT_EQ(h3(&takes_out).verdict, Verdict::refuted);
  EXPECT_NEAR(h3(&takes_out).effect.value, -0.15 / 0.2, rounding);
  EXPECT_EQ(h3(&brings_in).verdict, Verdict::supported);
  EXPECT_NEAR(h3(&brings_in).decides.value, (0.25 - 0.2) / 0.2, rounding);
}

}  // namespace
}  // namespace lensmill::analysis
