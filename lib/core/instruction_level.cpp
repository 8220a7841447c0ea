#include "lib/core/instruction_level.hpp"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lib/core/instruction_level.cpp"
#include <hwy/foreach_target.h>
// After foreach_target: per-target code.
#include <hwy/highway.h>

#include "lib/core/instruction_targets.hpp"

HWY_BEFORE_NAMESPACE();
namespace lensmill::HWY_NAMESPACE {

// What every dispatched function of the process runs at.
std::int64_t target_here() { return HWY_TARGET; }

}  // namespace lensmill::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lensmill {

HWY_EXPORT(target_here);

namespace {

constexpr InstructionLevel all_levels[] = {InstructionLevel::baseline,
                                           InstructionLevel::x86_64_v3,
                                           InstructionLevel::x86_64_v4};

InstructionLevel level_of(std::int64_t targets) {
  return HWY_ARCH_X86 ? level_of_x86(targets) : InstructionLevel::baseline;
}

}  // namespace

InstructionLevel detected_level() {
  // Once, before any limit: SupportedTargets() leaves out what is disabled.
  static const InstructionLevel level = level_of(hwy::SupportedTargets() & HWY_TARGETS);
  return level;
}

InstructionLevel level_in_use() {
  return level_of(HWY_DYNAMIC_DISPATCH(target_here)());
}

void limit_level(InstructionLevel most) {
  detected_level();
  hwy::DisableTargets(HWY_ARCH_X86 ? x86_targets_above(most) : 0);
  // Chosen here and now: Highway 1.0.3's SupportedTargets() passes through a state in
  // which all of the CPU's targets are chosen, and would leave it so when called alone.
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

std::string_view to_string(InstructionLevel level) {
  switch (level) {
    case InstructionLevel::baseline: return "baseline";
    case InstructionLevel::x86_64_v3: return "x86-64-v3";
    case InstructionLevel::x86_64_v4: return "x86-64-v4";
  }
  return "unknown";
}

std::optional<InstructionLevel> instruction_level_from(std::string_view name) {
  for (const auto level : all_levels) {
    if (to_string(level) == name) return level;
  }
  return std::nullopt;
}

}  // namespace lensmill
#endif  // HWY_ONCE
