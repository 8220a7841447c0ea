#include "pipeline/session/timings.hpp"

#include <sys/resource.h>

namespace lensmill::pipeline {

std::int64_t peak_memory_bytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  constexpr std::int64_t kibibyte = 1024;
  return usage.ru_maxrss * kibibyte;
}

}  // namespace lensmill::pipeline
