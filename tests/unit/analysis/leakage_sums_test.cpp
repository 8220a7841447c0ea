#include "lib/analysis/leakage_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/analysis/hypotheses.hpp"
#include "lib/analysis/visibility.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

// Means of a few hundred terms: rounding.
constexpr double rounding = 1.0e-12;

/// A row whose accounts add up, with some scatter.
StampRow row_with(std::int64_t number, double theta_e, RandomStream& stream) {
  StampRow row;
  row.row = row.unit = number;
  row.theta_e_arcsec = theta_e;
  row.intrinsic = {0.2 + 0.02 * stream.normal(), 0.05, 0.01};
  row.psf = {-0.08 + 0.01 * stream.normal(), 0.06, 0.0};
  row.core_flux_fraction = 0.0;
  for (std::size_t k = 0; k < image_classes; ++k) {
    row.core_flux_fraction += row.intrinsic[k] + row.psf[k];
  }
  row.core_without_psf = 0.25 + 0.02 * stream.normal();
  row.point_like = {0.18, 0.0, 0.0};
  row.arc_flux_nmgy = 10.0 + stream.normal();
  row.core_offset = 0.01 * row.arc_flux_nmgy - 0.02 * theta_e + 0.01 * stream.normal();
  row.annulus_offset = 0.001 * stream.normal();
  return row;
}

LeakageSums population(double theta_e_from, double theta_e_to, int rows = 500) {
  LeakageSums sums(Bins({0.5, 1.0, 2.0}), 0);
  RandomStream stream(21, 1, StreamTag::self_test);
  for (int i = 0; i < rows; ++i) {
    const double u = stream.uniform();
    sums.add(row_with(i, theta_e_from + u * (theta_e_to - theta_e_from), stream));
  }
  return sums;
}

TEST(Bins, AreHalfOpenAndTheLastOneClosed) {
  const Bins bins({0.5, 1.0, 2.0});

  EXPECT_EQ(bins.of(0.5), 0u);
  EXPECT_EQ(bins.of(1.0), 1u);
  EXPECT_EQ(bins.of(2.0), 1u);
  EXPECT_EQ(bins.of(0.49), 2u);
  EXPECT_EQ(bins.of(2.01), 2u);
  EXPECT_EQ(bins.of(StampRow::nan), 2u);
}

TEST(LeakageSums, BothAccountsAddUpToTheCoreFluxFraction) {
  const auto sums = population(0.5, 2.5);
  const Bootstrap bootstrap(sums.sums(), 1, 20);

  for (std::size_t cell = 0; cell < bootstrap.cells(); ++cell) {
    for (std::size_t r = 0; r < 20; ++r) {
      const auto q = bootstrap.replicate(r, cell);
      double split = 0.0, net = 0.0, steps = 0.0;
      for (std::size_t k = 0; k < split_causes; ++k) split += q[q_split + k];
      for (std::size_t k = 0; k < image_classes; ++k) net += q[q_net + k];
      for (std::size_t k = 0; k < step_causes; ++k) steps += q[q_steps + k];
      EXPECT_NEAR(split, q[q_core], rounding * 1000.0);
      EXPECT_NEAR(net, q[q_core], rounding * 1000.0);
      EXPECT_NEAR(steps, q[q_step_core], rounding * 1000.0);
    }
  }
}

TEST(LeakageSums, LeadersAreCountedByRow) {
  const auto sums = population(0.5, 0.9);
  const Bootstrap bootstrap(sums.sums());

  EXPECT_EQ(bootstrap.data(0)[q_split_leads + counter_image], 500.0);
  EXPECT_EQ(bootstrap.data(1)[q_split_leads + counter_image], 0.0)
      << "a bin without rows has no leader";
}

TEST(LeakageSums, LineOfOffsetsAgainstFluxAndTheta) {
  // y = 0.01 x - 0.02 t + noise of 0.01: in a regression on x alone, the slope is 0.01
  // with a standard error of about sqrt(0.01^2 + 0.02^2 var t) / sqrt(2000) = 3e-4.
  constexpr double tolerance = 1.2e-3;
  const auto sums = population(0.5, 1.9, 2000);
  const Bootstrap bootstrap(sums.sums());

  const auto slope = bootstrap.estimate(bootstrap.all(), slope_of(offset_against_flux));
  const auto on_theta =
      bootstrap.estimate(bootstrap.all(), slope_of(offset_against_theta_e));
  const auto r2 =
      bootstrap.estimate(bootstrap.all(), r_squared_of(offset_against_flux));

  EXPECT_NEAR(slope.value, 0.01, tolerance);
  EXPECT_LT(slope.standard_error, tolerance / 3.0);
  EXPECT_LT(on_theta.upper, 0.0);
  // Variances: 1e-4 of x, 1e-4 of noise, 0.02^2 1.4^2/12 = 6.5e-5 of theta_E.
  EXPECT_NEAR(r2.value, 1.0 / 2.65, 0.06);
}

TEST(LeakageSums, LinesWithoutSpreadAreUndefined) {
  LeakageSums sums(Bins({0.5, 1.0}), 0);
  for (int i = 0; i < 10; ++i) {
    StampRow row;
    row.unit = i;
    row.theta_e_arcsec = 0.7;
    row.arc_flux_nmgy = 3.0;
    row.core_offset = 0.1;
    sums.add(row);
  }
  const Bootstrap bootstrap(sums.sums());

  EXPECT_TRUE(std::isnan(slope_of(offset_against_flux)(bootstrap.data(0))));
  EXPECT_TRUE(std::isnan(r_squared_of(offset_against_theta_e)(bootstrap.data(0))));
}

TEST(LeakageSums, WithoutArcsOffsetsAreZeroWithinTheirIntervals) {
  // Pairs that differ by noise alone. Of 200 repeats with two offsets each, the
  // intervals hold zero in 90 %: sqrt(0.9 0.1 / 400) = 1.5 %, four sigma.
  constexpr double least = 0.84, most = 0.96;
  int held = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    LeakageSums sums(Bins({0.5, 2.5}), 0);
    RandomStream stream(31, repeat, StreamTag::self_test);
    for (int i = 0; i < 300; ++i) {
      StampRow row;
      row.unit = i;
      row.theta_e_arcsec = 0.5 + 2.0 * stream.uniform();
      row.arc_flux_nmgy = 0.0;
      row.core_offset = 0.002 * stream.normal();
      row.annulus_offset = 0.001 * stream.normal();
      sums.add(row);
    }
    const Bootstrap bootstrap(sums.sums(), static_cast<std::uint64_t>(repeat), 400);
    const auto annulus = bootstrap.estimate(0, mean_of(q_annulus, q_annulus_rows));
    const auto core = bootstrap.estimate(0, mean_of(q_offset, q_offset_rows));
    held += (annulus.contains(0.0) ? 1 : 0) + (core.contains(0.0) ? 1 : 0);
  }

  EXPECT_GT(held / 400.0, least);
  EXPECT_LT(held / 400.0, most);
}

TEST(LeakageSums, IncompleteRowsEnterOnlyWhatTheyHave) {
  LeakageSums sums(Bins({0.5, 1.0}), 0);
  StampRow row;
  row.theta_e_arcsec = 0.7;
  row.counter_image_radius_pix = 4.0;
  sums.add(row);
  const Bootstrap bootstrap(sums.sums(), 1, 2);
  const auto q = bootstrap.data(0);

  EXPECT_EQ(q[q_rows], 1.0);
  EXPECT_EQ(q[q_core_rows], 0.0);
  EXPECT_EQ(q[q_radius_rows], 1.0);
  EXPECT_EQ(q[q_within_5], 1.0);
  EXPECT_EQ(q[q_within_3], 0.0);
}

TEST(Hypotheses, FollowTheRuleFixedInTheDocumentation) {
  const Thresholds thresholds{.supported_above = 0.05, .refuted_below = -0.05};
  const auto verdict = [&](double lower, double upper, std::size_t groups = 100) {
    return verdict_of({.value = 0.5 * (lower + upper), .lower = lower, .upper = upper},
                      thresholds, groups);
  };

  EXPECT_EQ(verdict(0.06, 0.08), Verdict::supported);
  EXPECT_EQ(verdict(0.04, 0.90), Verdict::not_decided);
  EXPECT_EQ(verdict(-0.01, 0.01), Verdict::not_decided) << "a tie";
  EXPECT_EQ(verdict(-0.90, -0.04), Verdict::not_decided);
  EXPECT_EQ(verdict(-0.08, -0.06), Verdict::refuted);
  EXPECT_EQ(verdict(0.5, 0.6, least_groups - 1), Verdict::not_decided);
  EXPECT_EQ(verdict_of({.value = 0.5}, thresholds, 100), Verdict::not_decided)
      << "without an interval";
}

TEST(Hypotheses, OfAPopulationThatTheCounterImageRules) {
  const auto sums = population(0.5, 0.9);
  const Bootstrap bootstrap(sums.sums());

  const auto correct = test_hypotheses(bootstrap, 0, false);
  const auto legacy = test_hypotheses(bootstrap, 0, true);

  ASSERT_EQ(correct.size(), 4u);
  EXPECT_EQ(correct[0].verdict, Verdict::refuted);      // extent adds 0.07 of 0.24
  EXPECT_EQ(correct[1].verdict, Verdict::supported);    // a point's counter-image: 0.18
  EXPECT_EQ(correct[2].verdict, Verdict::not_decided);  // no counterfactual run
  EXPECT_EQ(correct[3].verdict, Verdict::supported);    // 0.26 before the PSF
  EXPECT_NEAR(correct[1].effect.value, 0.18 / 0.24, 0.01);
  EXPECT_NEAR(correct[1].decides.value, (0.18 - 0.07) / 0.24, 0.02);
  EXPECT_NEAR(correct[0].decides.value, (0.07 - 0.18) / 0.24, 0.02);
  EXPECT_EQ(legacy[3].verdict, Verdict::not_decided);
}

TEST(Visibility, CountsCounterImagesWithAnSnr) {
  VisibilityCounts counts(Bins({0.5, 1.0, 2.0}), Bins({18, 20, 22}), Bins({1.0, 1.5}));
  const auto add = [&](double theta_e, double snr, double mag, int saddles) {
    StampRow row;
    row.theta_e_arcsec = theta_e;
    row.counter_image_snr = snr;
    row.host_mag = mag;
    row.psf_fwhm_arcsec = 1.2;
    row.n_saddles = saddles;
    counts.add(row);
  };
  add(0.7, 3.0, 19.0, 1);  // not above 3
  add(0.7, 4.0, 19.0, 1);
  add(1.5, 6.0, StampRow::nan, 2);
  add(1.5, 9.0, 19.0, 0);            // no counter-image
  add(1.5, StampRow::nan, 19.0, 1);  // no noise to compare with

  const auto total = counts.total();
  EXPECT_EQ(total.rows, 3);
  EXPECT_EQ(total.above_3, 2);
  EXPECT_EQ(total.above_5, 1);
  EXPECT_EQ(counts.count(VisibilityCounts::by_theta_e, 0).rows, 2);
  EXPECT_EQ(counts.count(VisibilityCounts::by_host_mag, 2).rows, 1) << "unknown";
}

}  // namespace
}  // namespace lensmill::analysis
