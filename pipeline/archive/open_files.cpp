#include "pipeline/archive/open_files.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

#include "lib/core/text.hpp"

namespace lensmill::pipeline {

std::string open_files_warning(std::int64_t shards, const std::string& virtual_file) {
  // Who reads the file later may have a lower limit than this process: the usual one.
  constexpr rlim_t usual_limit = 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = usual_limit;
  const rlim_t most = std::min(limit.rlim_cur, usual_limit);
  if (static_cast<std::uint64_t>(shards) <= most / 2) return {};
  return fmt::format(
      "{}: has {} shards, and a process may often open {} files only (`ulimit -n`): "
      "HDF5 opens a file per shard that a read touches, and what is beyond the limit "
      "reads as if it were not there (NaN), without an error. Read the run by "
      "`lensmill.open` of the Python package, make one file of it (`python3 -m "
      "lensmill "
      "merge RUN -o FILE`), raise the limit before reading (`ulimit -n {}`), or make "
      "runs with a larger output.rows_per_shard",
      virtual_file, grouped(shards), most, 2 * shards);
}

}  // namespace lensmill::pipeline
