#include "lib/core/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lensmill {
namespace {

TEST(Statistics, MediansOfOddNumbersAreTheMiddleValue) {
  std::vector<double> values{9.0, -1.0, 4.0, 2.0, 5.0};

  EXPECT_EQ(upper_median(std::span(values)), 4.0);
  EXPECT_EQ(median(std::span(values)), 4.0);
}

TEST(Statistics, MediansOfEvenNumbersAreTheUpperOneOrTheMean) {
  std::vector<float> values{9.0F, -1.0F, 4.0F, 2.0F, 5.0F, 1.0F};

  EXPECT_EQ(upper_median(std::span(values)), 4.0F);
  EXPECT_EQ(median(std::span(values)), 3.0F);
}

TEST(Statistics, MediansOfNothingAreUndefined) {
  EXPECT_TRUE(std::isnan(upper_median(std::span<double>())));
  EXPECT_TRUE(std::isnan(median(std::span<float>())));
}

TEST(Statistics, SigmaOfANormalDistributionOverItsMad) {
  // The quartile of the normal distribution is at MAD / sigma.
  const double share_within = std::erf(1.0 / (sigma_per_mad * std::sqrt(2.0)));

  EXPECT_NEAR(share_within, 0.5, 1.0e-14);  // rounding
}

}  // namespace
}  // namespace lensmill
