#include "lib/core/seconds_from_environment.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "lib/core/errors.hpp"

namespace lensmill {

double seconds_from_environment(const char* name, double otherwise) {
  const char* value = std::getenv(name);
  if (value == nullptr) return otherwise;
  constexpr double most = 1.0e9;  // thirty years
  const std::string_view text(value);
  const char* const end = text.data() + text.size();
  double seconds = 0.0;
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || stop != end || !(seconds > 0.0 && seconds <= most)) {
    throw UsageError(
        fmt::format("the environment variable {}: must be seconds, a number above 0 "
                    "and at most 1e9 "
                    "without a unit (got `{}`); unset it for the usual {:g}",
                    name, text, otherwise));
  }
  return seconds;
}

}  // namespace lensmill
