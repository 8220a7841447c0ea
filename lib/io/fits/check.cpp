#include "lib/io/fits/check.hpp"

#include <fitsio.h>
#include <fmt/format.h>

#include "lib/core/errors.hpp"

namespace lensmill::io::fits {

void throw_failure(int status, const char* call, const std::string& place) {
  char summary[FLEN_STATUS] = "";
  fits_get_errstatus(status, summary);
  std::string text =
      fmt::format("{}: {} failed (status {}: {}", place, call, status, summary);
  char message[FLEN_ERRMSG] = "";
  while (fits_read_errmsg(message) != 0) text += std::string("; ") + message;
  text += ")";
  // Not READ_ERROR: that is what a file cut inside a block gives.
  const bool system_failed =
      status == FILE_NOT_OPENED || status == WRITE_ERROR || status == MEMORY_ALLOCATION;
  if (system_failed) throw IoError(text);
  throw DataError(text);
}

}  // namespace lensmill::io::fits
