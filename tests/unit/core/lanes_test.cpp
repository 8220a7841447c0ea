#include "lib/core/lanes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace lensmill {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr float float_nan = std::numeric_limits<float>::quiet_NaN();
constexpr float float_infinity = std::numeric_limits<float>::infinity();

/// Of n numbers, some negative, whose sums are exact in any order.
template <class T>
std::vector<T> exact_numbers(std::size_t n) {
  std::vector<T> values;
  for (std::size_t k = 0; k < n; ++k) {
    values.push_back(static_cast<T>(static_cast<int>(k * 37 % 101) - 40));
  }
  return values;
}

TEST(Lanes, SumsAndMaximaOfEveryLengthEqualPlainOnes) {
  for (std::size_t n = 0; n < 40; ++n) {
    const auto doubles = exact_numbers<double>(n);
    const auto floats = exact_numbers<float>(n);
    double sum = 0.0;
    double squares = 0.0;
    double most = 0.0;
    double largest = 0.0;
    for (const double value : doubles) {
      sum += value;
      squares += value * value;
      most = std::max(most, value);
      largest = std::max(largest, std::abs(value));
    }

    EXPECT_EQ(lane_sum(doubles), sum) << n;
    EXPECT_EQ(lane_sum(floats), sum) << n;
    EXPECT_EQ(lane_dot(std::span<const double>(doubles), doubles), squares) << n;
    EXPECT_EQ(lane_dot(std::span<const float>(floats), doubles), squares) << n;
    EXPECT_EQ(lane_max(doubles), most) << n;
    EXPECT_EQ(lane_max_of_sizes(doubles), largest) << n;
  }
}

TEST(Lanes, TheOrderOfSummationIsTheDocumentedOne) {
  // 2^53 + 1 + 1 rounds to 2^53 one by one; in lanes the ones meet first only if they
  // share a lane that does not hold the large number.
  const double large = 0x1p53;
  std::vector<double> values(17, 0.0);
  values[0] = large;
  values[1] = 1.0;
  values[9] = 1.0;

  EXPECT_EQ(lane_sum(values), large + 2.0);
  values[9] = 0.0;
  values[2] = 1.0;
  EXPECT_EQ(lane_sum(values), large);
}

TEST(Lanes, MaximaPassOverNaN) {
  const std::vector<double> values{nan, -3.0, 2.0, nan};

  EXPECT_EQ(lane_max(values), 2.0);
  EXPECT_EQ(lane_max_of_sizes(values), 3.0);
}

TEST(Lanes, SquaresOverLeaveOutUnusableDivisors) {
  const std::vector<float> signal{1.0F, 2.0F, 3.0F, 4.0F, 5.0F,
                                  6.0F, 7.0F, 8.0F, 9.0F, 10.0F};
  const std::vector<float> variance{1.0F,           4.0F, 0.0F,  -1.0F,     float_nan,
                                    float_infinity, 7.0F, 16.0F, float_nan, 25.0F};

  std::vector<float> twice;
  for (const float value : signal) twice.push_back(2.0F * value);
  // Divisors' reciprocals are rounded before they are multiplied.
  constexpr double rounding = 1.0e-14;

  const auto sums = lane_squares_over(signal, twice, variance);

  EXPECT_NEAR(sums[0], 1.0 + 1.0 + 7.0 + 4.0 + 4.0, rounding);
  EXPECT_EQ(sums[1], 4.0 * sums[0]);
  const auto unusable = lane_squares_over(signal, twice, std::vector<float>(10, 0.0F));
  EXPECT_TRUE(std::isnan(unusable[0]) && std::isnan(unusable[1]));
  EXPECT_TRUE(std::isnan(lane_squares_over({}, {}, {})[0]));
}

TEST(Lanes, ScalesAndAddsEveryElement) {
  for (std::size_t n = 0; n < 20; ++n) {
    auto floats = exact_numbers<float>(n);
    const auto values = exact_numbers<double>(n);
    std::vector<double> halves(n);
    for (std::size_t k = 0; k < n; ++k) halves[k] = 0.5 * values[k];
    auto sum = std::vector<double>(n);

    scale_values(floats, 0.5);
    add_values(values, halves, sum);
    add_values(sum, halves, halves);

    for (std::size_t k = 0; k < n; ++k) {
      EXPECT_EQ(floats[k], static_cast<float>(0.5 * values[k]));
      EXPECT_EQ(sum[k], 1.5 * values[k]);
      EXPECT_EQ(halves[k], 2.0 * values[k]);
    }
  }
}

}  // namespace
}  // namespace lensmill
