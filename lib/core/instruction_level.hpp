#pragma once

#include <optional>
#include <string_view>

/// \file
/// The instruction-set level that numeric code uses: recorded with a run, agreed on by
/// its ranks (the lowest), kept by a resume. Levels are the x86-64 psABI's; Highway's
/// targets and fused multiply-add decide.
///
/// Same bits: x86_64_v3 and x86_64_v4 differ in vector width only, which no result
/// depends on; `baseline` has no fused multiply-add and differs in the last bits
/// (tests/validation/instruction_levels_test.cpp contains both).
///
/// What a level below the CPU's does *not* reach: scalar functions of libm (glibc picks
/// FMA variants by the CPU: std::exp, log, pow, sin, ...) and FFTW (SSE2 or AVX by the
/// CPU). Both are the same on every CPU of x86_64_v3 or better, so limiting v4 to v3 is
/// complete; `baseline` on a CPU with FMA is not what a CPU without it gives.

namespace lensmill {

/// Ordered: a higher level includes the lower ones, so the common level is the minimum.
enum class InstructionLevel : int {
  baseline = 0,   ///< x86-64 without FMA (SSE4.2 at most), and any other architecture
  x86_64_v3 = 3,  ///< AVX2 and FMA
  x86_64_v4 = 4,  ///< AVX-512 F, BW, CD, DQ, VL
};

/// The highest level that this CPU and operating system offer and this build has code
/// for; no limit changes it.
InstructionLevel detected_level();

/// The level of the code that Highway's dispatch runs now.
InstructionLevel level_in_use();

/// From now on Highway uses at most this level, for functions used before as well; a
/// later call replaces the limit, up or down. A level above the CPU's limits nothing; a
/// build for a higher baseline (-march) cannot go below it: ask level_in_use(). For the
/// whole process; call it at start-up, not while other threads compute.
void limit_level(InstructionLevel most);

/// "baseline", "x86-64-v3", "x86-64-v4": as recorded in files.
std::string_view to_string(InstructionLevel level);
/// The level of that name; nothing for another text.
std::optional<InstructionLevel> instruction_level_from(std::string_view name);

}  // namespace lensmill
