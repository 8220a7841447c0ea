#include "lib/analysis/roc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

// Rounding of sums of a few hundred terms of order one.
constexpr double rounding = 1.0e-12;
// A chance of 6e-5 to miss by this many standard errors.
constexpr double sigmas = 4.0;
// Samples to count how often an interval contains the truth: the count's own error is
// then sqrt(0.9 * 0.1 / 600) = 0.012; with the interval's own small-sample error twice
// that.
constexpr int samples = 600;
constexpr double coverage_tolerance = 0.035;

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// AUC of two normal distributions of unit width, `distance` apart.
double auc_of_normals(double distance) {
  return normal_cdf(distance / std::numbers::sqrt2);
}

RandomStream stream_of(int sample) { return {7, sample, StreamTag::self_test}; }

/// Pairs of a positive and a negative score: `shared` of the variance is the pair's.
std::vector<Scored> draw_pairs(int pairs, double distance, double shared, int sample) {
  auto stream = stream_of(sample);
  std::vector<Scored> scores;
  for (int k = 0; k < pairs; ++k) {
    const double both = std::sqrt(shared) * stream.normal();
    const double own = std::sqrt(1.0 - shared);
    scores.push_back({both + own * stream.normal() + distance, true, k});
    scores.push_back({both + own * stream.normal(), false, k});
  }
  return scores;
}

double coverage(double distance, double shared) {
  int held = 0;
  for (int sample = 0; sample < samples; ++sample) {
    const auto estimate =
        auc_estimate(auc_components(draw_pairs(150, distance, shared, sample)));
    const double truth = auc_of_normals(distance);
    if (estimate.lower <= truth && truth <= estimate.upper) ++held;
  }
  return static_cast<double>(held) / samples;
}

TEST(AucComponents, CountsPairsInOrderAndTiesAsOneHalf) {
  const std::vector<Scored> scores{
      {3.0, true, 0}, {2.0, true, 1}, {1.0, false, 2}, {2.0, false, 3}};

  EXPECT_DOUBLE_EQ(auc_components(scores).auc, 3.5 / 4.0);
}

TEST(AucEstimate, IsDeLongsWhereEveryStampIsItsOwnHost) {
  auto scores = draw_pairs(40, 1.0, 0.0, 0);
  for (std::size_t k = 0; k < scores.size(); ++k) {
    scores[k].host = static_cast<std::int64_t>(k);
    scores[k].score = std::round(4.0 * scores[k].score);  // with ties
  }
  const auto psi = [](double x, double y) { return x > y ? 1.0 : x == y ? 0.5 : 0.0; };
  std::vector<double> v10, v01;
  for (const auto& a : scores) {
    double sum = 0.0;
    for (const auto& b : scores) {
      if (a.positive && !b.positive) sum += psi(a.score, b.score) / 40.0;
      if (!a.positive && b.positive) sum += psi(b.score, a.score) / 40.0;
    }
    (a.positive ? v10 : v01).push_back(sum);
  }
  double auc = 0.0, s10 = 0.0, s01 = 0.0;
  for (const double v : v10) auc += v / 40.0;
  for (const double v : v10) s10 += (v - auc) * (v - auc) / 39.0;
  for (const double v : v01) s01 += (v - auc) * (v - auc) / 39.0;

  const auto estimate = auc_estimate(auc_components(scores));

  EXPECT_NEAR(estimate.value, auc, rounding);
  EXPECT_NEAR(estimate.standard_error, std::sqrt(s10 / 40.0 + s01 / 40.0), rounding);
}

TEST(AucEstimate, MatchesTheClosedFormOfTwoGaussians) {
  for (const double distance : {0.0, 0.5, 1.0, 2.0}) {
    const auto estimate =
        auc_estimate(auc_components(draw_pairs(20000, distance, 0.0, 1)));

    EXPECT_NEAR(estimate.value, auc_of_normals(distance),
                sigmas * estimate.standard_error)
        << distance;
    EXPECT_LT(estimate.standard_error, 0.003) << distance;
  }
}

TEST(AucEstimate, IntervalHoldsTheTruthAsOftenAsItSays) {
  for (const double distance : {0.0, 1.0, 2.0}) {
    EXPECT_NEAR(coverage(distance, 0.0), confidence, coverage_tolerance) << distance;
  }
}

TEST(AucEstimate, IntervalKnowsThatPairsShareTheirNoise) {
  EXPECT_NEAR(coverage(0.5, 0.8), confidence, coverage_tolerance);
  // As independent stamps the error would be far larger.
  auto scores = draw_pairs(500, 0.5, 0.8, 2);
  const double paired = auc_estimate(auc_components(scores)).standard_error;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    scores[k].host = static_cast<std::int64_t>(k);
  }
  EXPECT_LT(paired, 0.6 * auc_estimate(auc_components(scores)).standard_error);
}

TEST(AucEstimate, OfEqualScoresIsOneHalfWithoutError) {
  const std::vector<Scored> scores{
      {1.0, true, 0}, {1.0, false, 0}, {1.0, true, 1}, {1.0, false, 1}};

  const auto estimate = auc_estimate(auc_components(scores));

  EXPECT_EQ(estimate.value, 0.5);
  EXPECT_EQ(estimate.lower, 0.5);
  EXPECT_EQ(estimate.upper, 0.5);
}

TEST(AucEstimate, OfPerfectOrderIsBoundByTheNumberOfHosts) {
  const auto estimate = auc_estimate(auc_components(draw_pairs(50, 100.0, 0.0, 3)));

  EXPECT_EQ(estimate.value, 1.0);
  EXPECT_NEAR(estimate.lower, std::pow(0.05, 1.0 / 50.0), rounding);
  EXPECT_EQ(estimate.upper, 1.0);
}

TEST(AucEstimate, OfOneClassIsNotANumber) {
  const std::vector<Scored> scores{{1.0, true, 0}, {2.0, true, 1}};

  EXPECT_TRUE(std::isnan(auc_estimate(auc_components(scores)).value));
}

TEST(AucDifference, CancelsWhatTwoClassifiersShare) {
  int held = 0;
  double error_sum = 0.0;
  for (int sample = 0; sample < samples; ++sample) {
    const auto a = draw_pairs(150, 1.0, 0.0, sample);
    auto b = a;
    // The same scores with a little noise: a worse classifier.
    auto stream = stream_of(samples + sample);
    for (auto& scored : b) scored.score += 0.5 * stream.normal();
    const auto difference = auc_difference(auc_components(b), auc_components(a));
    const double truth = auc_of_normals(1.0 / std::sqrt(1.25)) - auc_of_normals(1.0);
    if (difference.lower <= truth && truth <= difference.upper) ++held;
    error_sum += difference.standard_error;
  }

  EXPECT_NEAR(static_cast<double>(held) / samples, confidence, coverage_tolerance);
  const double alone =
      auc_estimate(auc_components(draw_pairs(150, 1.0, 0.0, 0))).standard_error;
  EXPECT_LT(error_sum / samples, 0.7 * alone);
}

TEST(AucDifference, OfAClassifierWithItselfIsNothing) {
  const auto components = auc_components(draw_pairs(30, 1.0, 0.0, 4));

  const auto difference = auc_difference(components, components);

  EXPECT_EQ(difference.value, 0.0);
  EXPECT_EQ(difference.standard_error, 0.0);
}

}  // namespace
}  // namespace lensmill::analysis
