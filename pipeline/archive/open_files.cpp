#include "pipeline/archive/open_files.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include "lib/core/text.hpp"

namespace lensmill::pipeline {

std::string open_files_warning(std::int64_t shards, const std::string& virtual_file) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return {};
  }
  if (static_cast<std::uint64_t>(shards) <= limit.rlim_cur / 2) return {};
  return fmt::format(
      "{}: has {} shards, and a process may open {} files here (`ulimit -n`): HDF5 "
      "opens a file per shard that a read touches, and what is beyond the limit reads "
      "as if it were not there (NaN), without an error. Raise the limit before reading "
      "(`ulimit -n {}`), read the shards one by one, or make runs with a larger "
      "output.rows_per_shard",
      virtual_file, grouped(shards), limit.rlim_cur, 2 * shards);
}

}  // namespace lensmill::pipeline
