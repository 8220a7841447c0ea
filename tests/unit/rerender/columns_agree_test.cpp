#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "pipeline/rerender/verify_rows.hpp"

/// \file
/// What `verify` takes for the same row again.

namespace lensmill::pipeline {
namespace {

template <class T>
Column column_of(const std::vector<T>& values) {
  Column made({.name = "x",
               .unit = "",
               .description = "",
               .type = element_type_of<T>(),
               .row_shape = {values.size()}},
              1);
  std::ranges::copy(values, made.values<T>().begin());
  return made;
}

template <class T>
bool agree(const std::vector<T>& stored, const std::vector<T>& again,
           Agreement agreement) {
  return columns_agree(column_of(stored), column_of(again), agreement);
}

TEST(ColumnsAgree, ByteForByteOfOneBuild) {
  const double next = std::nextafter(1.0, 2.0);
  EXPECT_TRUE(agree<double>({1.0, 2.0}, {1.0, 2.0}, Agreement::exact));
  EXPECT_FALSE(agree<double>({1.0, 2.0}, {next, 2.0}, Agreement::exact));
  EXPECT_TRUE(agree<double>({1.0, 2.0}, {next, 2.0}, Agreement::of_builds));
}

TEST(ColumnsAgree, WithinOnePartIn100000OfTheLargestOfOtherBuilds) {
  EXPECT_TRUE(
      agree<double>({1.0, 200.0}, {1.0 + 1.99e-3, 200.0}, Agreement::of_builds));
  EXPECT_FALSE(
      agree<double>({1.0, 200.0}, {1.0 + 2.01e-3, 200.0}, Agreement::of_builds));
  EXPECT_TRUE(agree<float>({1.0F, -200.0F}, {1.00199F, -200.0F}, Agreement::of_builds));
  EXPECT_FALSE(
      agree<float>({1.0F, -200.0F}, {1.00201F, -200.0F}, Agreement::of_builds));
}

TEST(ColumnsAgree, EncodedPixelsMayRoundAnotherWayInOtherBuilds) {
  EXPECT_TRUE(agree<std::int16_t>({100, -32767}, {101, -32766}, Agreement::of_builds));
  EXPECT_FALSE(agree<std::int16_t>({100, -32767}, {102, -32767}, Agreement::of_builds));
  EXPECT_FALSE(agree<std::int16_t>({100, -32767}, {100, -32768},
                                   Agreement::of_builds));  // a NaN
  EXPECT_FALSE(agree<std::int16_t>({100, 7}, {101, 7}, Agreement::exact));
}

TEST(ColumnsAgree, IntegersAndNanMustBeTheSameInAnyBuild) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(agree<std::int32_t>({1, 200000}, {2, 200000}, Agreement::of_builds));
  EXPECT_FALSE(agree<std::int64_t>({1, 2000000}, {2, 2000000}, Agreement::of_builds));
  EXPECT_FALSE(agree<double>({nan, 1.0}, {0.0, 1.0}, Agreement::of_builds));
  EXPECT_FALSE(agree<double>({0.0, 1.0}, {nan, 1.0}, Agreement::of_builds));
  EXPECT_TRUE(agree<double>({nan, 1.0}, {nan, 1.0 + 1.0e-9}, Agreement::of_builds));
}

}  // namespace
}  // namespace lensmill::pipeline
