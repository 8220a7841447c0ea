#include "pipeline/session/split_warnings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/catalogue/host_split.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::uint64_t seed = 20260206;

TEST(SplitWarnings, NameEachPartThatHasFewHosts) {
  const catalogue::SplitFractions fractions{.validation = 0.1, .test = 0.1};
  std::int64_t validation = 0;
  for (std::int64_t host = 0; host < 30; ++host) {
    validation +=
        catalogue::split_of_host(seed, host, fractions) == catalogue::Split::validation
            ? 1
            : 0;
  }

  const auto warnings = split_warnings(seed, 30, fractions);

  ASSERT_EQ(warnings.size(), 2U);  // some 3 of 30 each; about 24 train
  EXPECT_THAT(warnings[0],
              testing::HasSubstr("validation has " + std::to_string(validation) +
                                 " of 30 hosts, fewer than 10"));
  EXPECT_THAT(warnings[1], testing::HasSubstr("test has "));
}

TEST(SplitWarnings, AreNoneWithManyHostsNorForPartsThatNobodyWants) {
  EXPECT_TRUE(split_warnings(seed, 1000, {.validation = 0.1, .test = 0.1}).empty());
  EXPECT_TRUE(split_warnings(seed, 20, {.validation = 0.0, .test = 0.0}).empty());
  EXPECT_TRUE(split_warnings(seed, 10, {.validation = 0.0, .test = 0.0}).empty());
  EXPECT_EQ(split_warnings(seed, 9, {.validation = 0.0, .test = 0.0}).size(), 1U);
}

}  // namespace
}  // namespace lensmill::pipeline
