#include "lib/analysis/exact_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/analysis/quantile_sketch.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

using Limbs = std::array<std::int64_t, exact_sum_limbs>;

std::vector<double> wild_values(int count) {
  RandomStream stream(3, 4, StreamTag::self_test);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    values.push_back(stream.normal() * std::pow(10.0, 20.0 * stream.uniform() - 10.0));
  }
  return values;
}

TEST(ExactSum, DoesNotDependOnTheOrder) {
  auto values = wild_values(1000);
  Limbs forwards{}, backwards{};

  for (const double v : values) add_exactly(forwards, v);
  std::ranges::reverse(values);
  for (const double v : values) add_exactly(backwards, v);

  EXPECT_EQ(forwards, backwards);
}

TEST(ExactSum, KeepsSmallNegativeAndLargeTerms) {
  // 1e-9 is cut to a multiple of 2^-60: 1e-18 of error.
  constexpr double cut = 0x1p-60;
  for (const double value : {1.0e-9, -1.0e-9, 0.1, -0.1, 1.0e15, -1.0e15, 0x1p60}) {
    Limbs sum{};
    add_exactly(sum, value);
    EXPECT_NEAR(value_of_exact(sum), value, cut) << value;
  }
  Limbs sum{};
  for (const double value : {1.0e16, 1.0, -1.0e16}) add_exactly(sum, value);
  EXPECT_EQ(value_of_exact(sum), 1.0);
}

TEST(QuantileSketch, IsExactForValuesFromAList) {
  QuantileSketch sketch(0.5, 2.5);
  for (int i = 0; i < 100; ++i) {
    for (const double v : {0.5, 0.75, 1.25, 2.0, 2.5}) sketch.add(v);
  }

  EXPECT_EQ(sketch.quantile(0.0), 0.5);
  EXPECT_EQ(sketch.quantile(0.5), 1.25);
  EXPECT_EQ(sketch.quantile(0.7), 2.0);
  EXPECT_EQ(sketch.quantile(1.0), 2.5);
}

TEST(QuantileSketch, IsWithinABinOfSortedValues) {
  constexpr double width = 10.0 / QuantileSketch::bins;
  RandomStream stream(8, 9, StreamTag::self_test);
  QuantileSketch sketch(-5.0, 5.0);
  std::vector<double> values;
  for (int i = 0; i < 5001; ++i) {
    values.push_back(std::clamp(stream.normal(), -5.0, 5.0));
    sketch.add(values.back());
  }
  sketch.add(std::numeric_limits<double>::quiet_NaN());  // left out
  std::ranges::sort(values);

  EXPECT_EQ(sketch.count(), 5001);
  for (const double p : {0.05, 0.25, 0.5, 0.75, 0.95}) {
    EXPECT_NEAR(sketch.quantile(p), values[static_cast<std::size_t>(p * 5000.0)],
                width);
  }
}

TEST(QuantileSketch, OfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(QuantileSketch().quantile(0.5)));
}

}  // namespace
}  // namespace lensmill::analysis
