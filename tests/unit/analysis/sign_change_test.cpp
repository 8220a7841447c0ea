#include "lib/analysis/sign_change.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(SignChange, IsWhereTheLineCrossesZero) {
  constexpr std::array x{0.5, 1.0, 2.0, 2.5};
  EXPECT_DOUBLE_EQ(sign_change(x, std::array{-2.0, -1.0, 3.0, 4.0}), 1.25);
  EXPECT_DOUBLE_EQ(sign_change(x, std::array{2.0, 1.0, -3.0, -4.0}), 1.25);
  EXPECT_DOUBLE_EQ(sign_change(x, std::array{-1.0, 0.0, 3.0, 4.0}), 1.0);
  EXPECT_DOUBLE_EQ(sign_change(x, std::array{-1.0, nan, 2.0, 4.0}), 1.0);
  // A 0 that lies between no two signs is not the place.
  EXPECT_DOUBLE_EQ(sign_change(x, std::array{0.0, -1.0, 3.0, 4.0}), 1.25);
}

TEST(SignChange, IsUndefinedForNoneAndForSeveral) {
  constexpr std::array x{0.5, 1.0, 2.0, 2.5};
  EXPECT_TRUE(std::isnan(sign_change(x, std::array{1.0, 2.0, 3.0, 4.0})));
  EXPECT_TRUE(std::isnan(sign_change(x, std::array{0.0, 2.0, 3.0, 0.0})));
  EXPECT_TRUE(std::isnan(sign_change(x, std::array{-1.0, 2.0, -3.0, -4.0})));
  EXPECT_TRUE(std::isnan(sign_change(x, std::array{nan, nan, nan, nan})));
  EXPECT_TRUE(std::isnan(sign_change({}, {})));
}

}  // namespace
}  // namespace lensmill::analysis
