#include "pipeline/run/timings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <numeric>

namespace lensmill::pipeline {

std::string shares_of_time(const Timings& timings,
                           const std::vector<std::string>& stage_names,
                           const parallel::Communicator& world) {
  std::vector<double> seconds = timings.stages;
  seconds.insert(seconds.end(), {timings.reading, timings.checksums, timings.writing,
                                 timings.waiting});
  std::vector<std::string> names = stage_names;
  names.insert(names.end(), {"reading", "checksums", "writing", "waiting"});
  world.sum(std::span(seconds));
  const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  std::vector<std::string> shares;
  for (std::size_t k = 0; k < names.size(); ++k) {
    shares.push_back(fmt::format("{} {:.0f} %", names[k],
                                 total > 0.0 ? 100.0 * seconds[k] / total : 0.0));
  }
  return fmt::format("{}", fmt::join(shares, ", "));
}

std::int64_t peak_memory_bytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  constexpr std::int64_t kibibyte = 1024;
  return usage.ru_maxrss * kibibyte;
}

}  // namespace lensmill::pipeline
