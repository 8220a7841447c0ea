#include "lib/lens/zero_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lensmill::lens::detail {
namespace {

// 0.1 wide nodes over [0, 2], with a guard on each side.
template <class Function>
std::vector<double> zeros_of(const Function& f,
                             Touching touching = Touching::one_zero) {
  constexpr double resolution = 1.0e-14;
  ScanMemory memory;
  for (int i = -1; i <= 21; ++i) memory.nodes.push_back({0.1 * i, f(0.1 * i)});
  scan_for_zeros(f, memory, resolution, touching);
  std::sort(memory.zeros.begin(), memory.zeros.end());
  return memory.zeros;
}

constexpr double rounding = 1.0e-12;

TEST(ScanForZeros, FindsSignChanges) {
  const auto zeros = zeros_of([](double s) { return std::cos(3.0 * s); });

  ASSERT_EQ(zeros.size(), 2u);
  EXPECT_NEAR(zeros[0], std::acos(0.0) / 3.0, rounding);
  EXPECT_NEAR(zeros[1], std::acos(0.0), rounding);
}

TEST(ScanForZeros, FindsAPairBetweenTwoNodes) {
  // Both zeros of either sign of the function lie within the interval 0.7 to 0.8.
  for (const double sign : {1.0, -1.0}) {
    const auto zeros = zeros_of(
        [sign](double s) { return sign * ((s - 0.74) * (s - 0.74) - 1.0e-6); });

    ASSERT_EQ(zeros.size(), 2u);
    EXPECT_NEAR(zeros[0], 0.739, rounding);
    EXPECT_NEAR(zeros[1], 0.741, rounding);
  }
}

TEST(ScanForZeros, FindsThreeCloseOnesBetweenTwoNodes) {
  constexpr double apart = 1.0e-3;
  const auto zeros = zeros_of([](double s) {
    const double x = s - 0.74;
    return x * (x * x - apart * apart);
  });

  ASSERT_EQ(zeros.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(zeros[i], 0.74 + apart * (double(i) - 1.0), 1.0e-9);
  }
}

TEST(ScanForZeros, TakesATouchAsOneZeroAndANearMissAsNone) {
  const auto touching = [](double s) { return (s - 0.74) * (s - 0.74) + 1.0e-16; };
  const auto missing = [](double s) { return (s - 0.74) * (s - 0.74) + 1.0e-9; };

  EXPECT_EQ(zeros_of(touching).size(), 1u);
  EXPECT_TRUE(zeros_of(touching, Touching::no_zero).empty());
  EXPECT_TRUE(zeros_of(missing).empty());
}

TEST(ScanForZeros, LeavesGuardIntervalsToTheNeighbour) {
  EXPECT_TRUE(zeros_of([](double s) { return s + 0.05; }).empty());
  EXPECT_TRUE(zeros_of([](double s) { return s - 2.05; }).empty());
}

}  // namespace
}  // namespace lensmill::lens::detail
