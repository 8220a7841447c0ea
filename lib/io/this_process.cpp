#include "lib/io/this_process.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <random>

namespace lensmill::io {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string process_name() { return host_name() + "-" + std::to_string(::getpid()); }

std::string unique_process_name() {
  return process_name() + "-" + std::to_string(std::random_device{}() % 100000U);
}

std::string utc_now() {
  const auto now =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

}  // namespace lensmill::io
