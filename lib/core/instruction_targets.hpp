#pragma once

#include <hwy/highway.h>

#include <cstdint>

#include "lib/core/instruction_level.hpp"

/// \file
/// Highway's targets (one bit each) by instruction-set level.
///
/// By order, not by name: of an architecture's targets the lower bit is the better one
/// (hwy/detect_targets.h promises it), and every release knows more of them than the
/// one before (AVX3_ZEN4, AVX3_SPR, AVX10_2, ...). A target that is better than AVX3 is
/// of level x86_64_v4, whether this source has heard of it or not, so that no new CPU
/// or library can slip through a limit.

namespace lensmill {

static_assert(HWY_AVX3_DL < HWY_AVX3 && HWY_AVX3 < HWY_AVX2 && HWY_AVX2 < HWY_SSE4,
              "Highway's x86 targets are no longer in order, best first");

/// All targets at least as good as `target`, known and unknown.
constexpr std::int64_t and_better(std::int64_t target) { return 2 * target - 1; }

inline constexpr std::int64_t v4_targets = and_better(HWY_AVX3);
inline constexpr std::int64_t v3_targets = and_better(HWY_AVX2) & ~v4_targets;

/// The level of the best target in a set of x86 targets.
constexpr InstructionLevel level_of_x86(std::int64_t targets) {
  if ((targets & v4_targets) != 0) return InstructionLevel::x86_64_v4;
  if ((targets & v3_targets) != 0) return InstructionLevel::x86_64_v3;
  return InstructionLevel::baseline;
}

/// The x86 targets that a limit to `most` excludes.
constexpr std::int64_t x86_targets_above(InstructionLevel most) {
  std::int64_t above = 0;
  if (most < InstructionLevel::x86_64_v4) above |= v4_targets;
  if (most < InstructionLevel::x86_64_v3) above |= v3_targets;
  return above;
}

}  // namespace lensmill
