#include "pipeline/session/split_warnings.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/catalogue/host_split.hpp"

namespace lensmill::pipeline {

std::vector<std::string> split_warnings(std::uint64_t seed, std::int64_t hosts,
                                        const catalogue::SplitFractions& fractions) {
  constexpr std::array names{"train", "validation", "test"};
  const std::array wanted{1.0 - fractions.validation - fractions.test,
                          fractions.validation, fractions.test};
  std::array<std::int64_t, names.size()> count{};
  for (std::int64_t host = 0; host < hosts; ++host) {
    const auto split = catalogue::split_of_host(seed, host, fractions);
    ++count[static_cast<std::size_t>(split)];
  }
  // What adding up fractions leaves of nothing.
  constexpr double rounding = 1e-9;
  std::vector<std::string> warnings;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (wanted[k] < rounding || count[k] >= few_hosts) continue;
    warnings.push_back(fmt::format(
        "catalogue.split: {} has {} of {} hosts, fewer than {} (rows of one host stay "
        "together): what is found on that part is of these hosts; give more hosts, "
        "another run.seed, or other fractions",
        names[k], count[k], hosts, few_hosts));
  }
  return warnings;
}

}  // namespace lensmill::pipeline
