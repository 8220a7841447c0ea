#include "lib/core/instruction_level.hpp"

#include <gtest/gtest.h>

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lib/core/instruction_targets.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill {
namespace {

using enum InstructionLevel;

/// The limit of a test ends with it.
class InstructionLevelLimit : public testing::Test {
 protected:
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    limit_level(x86_64_v4);
  }
};

/// Normals: their bits tell code with fused multiply-add from code without.
std::vector<float> normals() {
  std::vector<float> out(1000);
  RandomStream(20260206, 5, StreamTag::sky_noise).fill_normal(out);
  return out;
}

TEST_F(InstructionLevelLimit, WithoutOneTheDetectedLevelIsInUse) {
  limit_level(x86_64_v4);

  EXPECT_EQ(level_in_use(), detected_level());
}

TEST_F(InstructionLevelLimit, HoldsForFunctionsThatRanBefore) {
  if (detected_level() == baseline) GTEST_SKIP() << "the CPU has one level only";
  const auto before = normals();

  limit_level(baseline);

  EXPECT_EQ(level_in_use(), baseline);
  EXPECT_NE(normals(), before);
}

TEST_F(InstructionLevelLimit, HoldsWhenSetBeforeTheFirstDispatch) {
  if (detected_level() == baseline) GTEST_SKIP() << "the CPU has one level only";
  const auto fast = normals();
  hwy::GetChosenTarget().DeInit();  // as in a process that has dispatched nothing yet

  limit_level(baseline);

  // Chosen at once, so that threads started later all meet it.
  EXPECT_TRUE(hwy::GetChosenTarget().IsInitialized());
  EXPECT_NE(normals(), fast);
  EXPECT_EQ(level_in_use(), baseline);
}

TEST_F(InstructionLevelLimit, CanBeRaisedAgain) {
  const auto before = normals();

  limit_level(baseline);
  limit_level(x86_64_v4);

  EXPECT_EQ(level_in_use(), detected_level());
  EXPECT_EQ(normals(), before);
}

TEST_F(InstructionLevelLimit, StopsBetweenTheLevels) {
  if (detected_level() < x86_64_v4) GTEST_SKIP() << "the CPU has no AVX-512";
  const auto wide = normals();

  limit_level(x86_64_v3);

  EXPECT_EQ(level_in_use(), x86_64_v3);
  EXPECT_EQ(normals(), wide);  // the width alone changes no bits
}

// As on a CPU to come: all targets of this build, among them the library's newest.
// Which level is in use can be asked anywhere; to compute there would need that CPU.
TEST_F(InstructionLevelLimit, HoldsOnACpuWithEveryTargetOfThisBuild) {
  if (!HWY_ARCH_X86) GTEST_SKIP() << "levels are those of x86";
  detected_level();
  hwy::SetSupportedTargetsForTest(HWY_TARGETS);
  for (const auto level : {x86_64_v4, x86_64_v3, baseline, x86_64_v4}) {
    limit_level(level);

    EXPECT_EQ(level_in_use(), level) << to_string(level);
  }
}

TEST_F(InstructionLevelLimit, IsNotLiftedByAskingForTheDetectedLevel) {
  const auto detected = detected_level();
  limit_level(baseline);

  EXPECT_EQ(detected_level(), detected);
  EXPECT_EQ(level_in_use(), baseline);
}

// A library newer than this source may choose any bit below AVX3's.
TEST(InstructionTargets, BetterThanAvx3IsLevel4WhateverItsName) {
  for (std::int64_t target = HWY_AVX3; target > 0; target /= 2) {
    EXPECT_EQ(level_of_x86(target), x86_64_v4) << target;
    EXPECT_EQ(x86_targets_above(x86_64_v3) & target, target);
    EXPECT_EQ(x86_targets_above(baseline) & target, target);
    EXPECT_EQ(x86_targets_above(x86_64_v4) & target, 0);
  }
}

TEST(InstructionTargets, Avx2IsLevel3AndWhatIsBelowIsTheBaseline) {
  EXPECT_EQ(level_of_x86(HWY_AVX2), x86_64_v3);
  EXPECT_EQ(x86_targets_above(baseline) & HWY_AVX2, HWY_AVX2);
  EXPECT_EQ(x86_targets_above(x86_64_v3) & HWY_AVX2, 0);
  for (const std::int64_t target : {HWY_SSE4, HWY_SSSE3, HWY_EMU128, HWY_SCALAR}) {
    EXPECT_EQ(level_of_x86(target), baseline) << target;
    EXPECT_EQ(x86_targets_above(baseline) & target, 0);
  }
}

TEST(InstructionTargets, TheBestOfASetDecides) {
  EXPECT_EQ(level_of_x86(HWY_SSE4 | HWY_AVX2), x86_64_v3);
  EXPECT_EQ(level_of_x86(HWY_SSE4 | HWY_AVX2 | HWY_AVX3), x86_64_v4);
}

// Holds only if no target in use is unknown to the table of levels.
TEST_F(InstructionLevelLimit, AgreesWithWhatTheCompilerSaysOfThisCpu) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_v4 = __builtin_cpu_supports("avx512vl") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0;
  const bool has_v3 =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;

  EXPECT_EQ(detected_level(), has_v4 ? x86_64_v4 : has_v3 ? x86_64_v3 : baseline);
#else
  EXPECT_EQ(detected_level(), baseline);
#endif
}

TEST(InstructionLevelNames, ReadBackAsWritten) {
  EXPECT_EQ(to_string(x86_64_v3), "x86-64-v3");
  for (const auto level : {baseline, x86_64_v3, x86_64_v4}) {
    EXPECT_EQ(instruction_level_from(to_string(level)), level);
  }
}

TEST(InstructionLevelNames, AnotherTextIsNoLevel) {
  for (const auto* text : {"", "x86-64-v2", "x86_64_v3", "unknown"}) {
    EXPECT_EQ(instruction_level_from(text), std::nullopt) << text;
  }
}

TEST(InstructionLevelOrder, LowestCommonLevelIsTheMinimum) {
  EXPECT_EQ(std::min({x86_64_v4, baseline, x86_64_v3}), baseline);
  EXPECT_EQ(std::min(x86_64_v4, x86_64_v3), x86_64_v3);
}

}  // namespace
}  // namespace lensmill
