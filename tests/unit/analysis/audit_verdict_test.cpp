#include "lib/analysis/audit_verdict.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lensmill::analysis {
namespace {

constexpr double pixels = 1000.0;

AuditMatch match(double log_likelihood, double chi2 = pixels) {
  return {.chi2 = chi2,
          .expected_chi2 = pixels,
          .chi2_variance = 2.0 * pixels,
          .log_likelihood = log_likelihood,
          .pixels = pixels};
}

/// The correct placement fits and the others do no better.
AuditScores correct_scores() {
  return {.correct = match(-500.0),
          .legacy = match(-900.0),
          .width = match(-499.5),
          .shift = match(-499.0),
          .amplitude_snr = 30.0,
          .expected_snr = 30.0};
}

TEST(Penalty, IsHalfTheParametersTimesTheLogOfPixels) {
  EXPECT_DOUBLE_EQ(penalised(match(-10.0), 0), -10.0);
  EXPECT_DOUBLE_EQ(penalised(match(-10.0), 2), -10.0 - std::log(pixels));
}

TEST(Verdict, TellsTheModelsApart) {
  auto scores = correct_scores();
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::correct);

  scores.legacy = match(-300.0);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::legacy);

  scores = correct_scores();
  scores.width = match(-450.0);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::wrong_width);

  scores = correct_scores();
  scores.shift = match(-450.0);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::shifted);
}

TEST(Verdict, AFreeParameterMustPayForItself) {
  auto scores = correct_scores();
  // ln(1000) / 2 = 3.45 for the width, 6.9 for a shift.
  scores.width = match(-500.0 + 3.4);
  scores.shift = match(-500.0 + 6.8);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::correct);

  scores.width = match(-500.0 + 3.5);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::wrong_width);
}

TEST(Verdict, NoneFitsWhenTheBestDoesNot) {
  auto scores = correct_scores();
  const double sigma = std::sqrt(2.0 * pixels);
  scores.correct = match(-500.0, pixels + 5.1 * sigma);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::none_fits);
  // 1.228 of what is expected: allowed where 1.3 is.
  EXPECT_EQ(verdict_of(scores, {.deviation = 5.0, .reduced = 1.3}),
            AuditVerdict::correct);

  scores.correct = match(-500.0, pixels + 4.9 * sigma);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::correct);
}

TEST(Verdict, AStampNeedsNoMoreThanItsDeviationToFitNothing) {
  auto scores = correct_scores();
  // Of a million pixels 6 sigma are 1.008 of what is expected.
  scores.correct = {.chi2 = 1.0e6 + 6.0 * std::sqrt(2.0e6),
                    .expected_chi2 = 1.0e6,
                    .chi2_variance = 2.0e6,
                    .log_likelihood = -500.0,
                    .pixels = 1.0e6};

  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::none_fits);
}

TEST(Verdict, AllStampsTogetherMayBeAFifthAboveTheExpectation) {
  auto scores = correct_scores();
  const auto verdict = [&](double reduced, double sigma) {
    scores.correct = {.chi2 = reduced * pixels,
                      .expected_chi2 = pixels,
                      .chi2_variance = sigma * sigma,
                      .log_likelihood = -500.0,
                      .pixels = pixels};
    return verdict_of(scores, limits_of_all_stamps);
  };

  EXPECT_EQ(verdict(1.199, 10.0), AuditVerdict::correct);
  EXPECT_EQ(verdict(1.201, 10.0), AuditVerdict::none_fits);
  // 5.02 and 4.97 standard deviations.
  EXPECT_EQ(verdict(1.3, 59.8), AuditVerdict::none_fits);
  EXPECT_EQ(verdict(1.3, 60.4), AuditVerdict::correct);
}

TEST(Verdict, AnArcThatIsMissingIsNotFitted) {
  auto scores = correct_scores();
  scores.amplitude_snr = 3.1;
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::correct);
  scores.amplitude_snr = 2.9;
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::none_fits);

  scores.expected_snr = 5.1;
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::none_fits);
  scores.expected_snr = 4.9;
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::undecided);
}

TEST(Verdict, IsUndecidedBetweenPlacementsThatFitAlike) {
  auto scores = correct_scores();
  for (const double near : {-502.9, -497.1}) {
    scores.legacy = match(near);
    EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::undecided) << near;
  }
  scores.legacy = match(-503.1);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::correct);
  scores.legacy = match(-496.9);
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::legacy);
}

TEST(Verdict, DoesWithoutLegacyAndShift) {
  auto scores = correct_scores();
  scores.legacy.reset();
  scores.shift.reset();
  EXPECT_EQ(verdict_of(scores, {}), AuditVerdict::correct);
}

}  // namespace
}  // namespace lensmill::analysis
