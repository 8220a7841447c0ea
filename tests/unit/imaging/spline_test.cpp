#include "lib/imaging/spline.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace lensmill::imaging {
namespace {

constexpr double rounding = 1.0e-14;  // a few units in the last place of sums near 1

TEST(SplineWeights, AreAPartitionOfUnityWithTheSamplesCentroid) {
  for (double t = 0.0; t <= 1.0; t += 0.0625) {
    const auto w = spline_weights(t);
    double centroid = 0.0;
    for (int k = 0; k < spline_support; ++k) {
      centroid += (k - 2) * w[static_cast<std::size_t>(k)];
    }

    EXPECT_NEAR(std::accumulate(w.begin(), w.end(), 0.0), 1.0, rounding);
    EXPECT_NEAR(centroid, t, 4 * rounding);
  }
}

TEST(SplineWeights, AreContinuousAndSymmetric) {
  const auto at_start = spline_weights(0.0);
  const auto at_end = spline_weights(1.0);
  const auto left = spline_weights(0.3);
  const auto right = spline_weights(0.7);

  for (std::size_t k = 0; k + 1 < spline_support; ++k) {
    EXPECT_NEAR(at_start[k], at_end[k + 1], rounding);
  }
  for (std::size_t k = 0; k < spline_support; ++k) {
    EXPECT_NEAR(left[k], right[spline_support - 1 - k], rounding);
  }
}

TEST(SplineResponse, IsTheTransformOfTheWeightsAtALatticePoint) {
  const auto w = spline_weights(0.0);
  for (double f : {0.0, 0.1, 0.37, 0.5}) {
    double sum = 0.0;
    for (int k = 0; k < spline_support; ++k) {
      sum += w[static_cast<std::size_t>(k)] *
             std::cos(2.0 * std::numbers::pi * f * (k - 2));
    }
    EXPECT_NEAR(spline_response(f), sum, rounding);
  }
}

}  // namespace
}  // namespace lensmill::imaging
