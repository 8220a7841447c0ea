#include "lib/io/this_process.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <sstream>
#include <string_view>

#include "lib/core/errors.hpp"

namespace lensmill::io {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string process_name() { return host_name() + "-" + std::to_string(::getpid()); }

std::string random_hex_digits() {
  std::random_device device;
  const auto bits = (std::uint64_t{device()} << 32U) | device();
  return fmt::format("{:0{}x}", bits, random_digits);
}

std::string unique_process_name() { return process_name() + "-" + random_hex_digits(); }

std::string start_of_living(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line;
  std::getline(file, line);
  // Fields are counted after the name, which may hold anything.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::array<std::string, 20> field;  // proc(5)'s 3, state, to 22, starttime
  for (auto& text : field) fields >> text;
  const std::string& state = field[0];
  const std::string& threads = field[17];
  // Threads that outlive the first one may still write.
  if ((state == "Z" || state == "X") && threads == "1") return {};
  return field[19];
}

std::string utc_now() {
  return utc_text(
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

std::string utc_text(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::optional<std::int64_t> source_date_epoch() {
  const char* value = std::getenv("SOURCE_DATE_EPOCH");
  if (value == nullptr) return std::nullopt;
  // 9999-12-31T23:59:59Z: years of five digits are no ISO 8601.
  constexpr std::int64_t last = 253402300799;
  const std::string_view text(value);
  const char* const end = text.data() + text.size();
  std::int64_t seconds = -1;
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || stop != end || seconds < 0 || seconds > last ||
      text.front() == '-') {
    throw UsageError(fmt::format(
        "the environment variable SOURCE_DATE_EPOCH: must be seconds since 1970, "
        "digits alone, at most {} (got `{}`); unset it to have the real time written",
        last, text));
  }
  return seconds;
}

}  // namespace lensmill::io
