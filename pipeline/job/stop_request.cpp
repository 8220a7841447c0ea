#include "pipeline/job/stop_request.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <sstream>

#include "lib/core/errors.hpp"
#include "lib/io/claim.hpp"
#include "lib/io/files.hpp"
#include "lib/io/range_lock.hpp"
#include "lib/io/this_process.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/job/stop_signals.hpp"

namespace lensmill::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view job_key = "job ";
/// A metadata server takes thousands of such looks a second; a job of many groups shall
/// be no more than a few of them.
constexpr std::chrono::milliseconds shortest_interval{2000};
constexpr std::chrono::milliseconds interval_per_group{100};

std::vector<std::string> jobs_named_in(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(job_key)) names.push_back(line.substr(job_key.size()));
  }
  return names;
}

bool is_meant_for_another(const std::string& text, const RunFolder& folder,
                          const std::string& own_claim) {
  const auto named = jobs_named_in(text);
  const std::string own = fs::path(own_claim).stem().string();
  return std::ranges::any_of(
      io::Claim::living(folder.log(), own_claim, io::claim_times_from_environment()),
      [&](const io::Claim::Entry& entry) {
        // A file made by hand names no job: it is newer than whoever lives, since each
        // removes what it finds at its start.
        return entry.name != own &&
               (named.empty() || std::ranges::find(named, entry.name) != named.end());
      });
}

/// Take the file away, if it is still the one that was read; false: a newer one is
/// there.
bool remove_if_unchanged(const std::string& path, const std::string& text) {
  const std::string taken = io::own_partial(path);
  if (std::rename(path.c_str(), taken.c_str()) != 0) {
    if (errno == ENOENT) return true;  // another job was first
    throw IoError(path + ": cannot be removed (" + std::strerror(errno) + ")");
  }
  const bool unchanged = io::read_text(taken) == text;
  // Back, unless an even newer one has come.
  if (!unchanged && ::link(taken.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    throw IoError(path + ": cannot be made (" + std::strerror(errno) + ")");
  }
  io::remove_file(taken);
  return unchanged;
}

/// Opened, not merely looked up: that makes network file systems ask the server.
bool is_there(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file >= 0) ::close(file);
  return file >= 0;
}

}  // namespace

std::vector<std::string> ask_jobs_to_stop(const RunFolder& folder) {
  const std::string now = io::own_partial(stop_file(folder));
  io::make_new(now);
  const auto living =
      io::Claim::living(folder.log(), now, io::claim_times_from_environment());
  io::remove_file(now);
  std::vector<std::string> told;
  // The digits make each request another text.
  std::string text = "lensmill stop " + io::utc_now() + " by " +
                     io::unique_process_name() +
                     "\nends these jobs after the shards in flight; the next job "
                     "removes this file:\n";
  for (const auto& entry : living) {
    text.append(job_key).append(entry.name).append("\n");
    told.push_back(entry.description);
  }
  if (told.empty() &&
      io::RangeLock::is_locked(lock_file(folder), 0,
                               std::numeric_limits<std::int64_t>::max())) {
    told.emplace_back("a job that has locked the run but left no claim file");
  }
  if (!told.empty()) io::write_text(stop_file(folder), text);
  return told;
}

void settle_stop_file(const RunFolder& folder, const std::string& own_claim) {
  const std::string path = stop_file(folder);
  while (io::exists(path)) {
    const std::string text = io::read_text(path);
    if (is_meant_for_another(text, folder, own_claim)) return;
    if (remove_if_unchanged(path, text)) return;
  }
}

void announce_stop_signals(const RunFolder& folder, const Log& log) {
  if (!log.speaks()) return;
  const std::string start = log.is_terminal() ? "\r\033[Klensmill: " : "lensmill: ";
  const std::string text =
      start + "asked to stop by a signal: the shards in flight are finished first";
  const bool under_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  StopSignals::announce(
      text + "\n",
      text +
          (under_mpirun
               ? ". On Ctrl-C and TERM mpirun gives its ranks a second "
                 "(OMPI_MCA_odls_base_sigkill_timeout), then kills them and ends with "
                 "1: finished shards are kept, the others are made again by --resume. "
                 "To let them be finished: lensmill stop " +
                     folder.path() + "\n"
               : "\n"));
}

StopRequests::StopRequests(const RunFolder& folder, bool looks, int groups, Log& log)
    : file_(stop_file(folder)),
      looks_(looks),
      interval_(std::max(shortest_interval, groups * interval_per_group)),
      log_(log) {}

void StopRequests::look() {
  if (!is_there(file_)) return;
  wanted_ = true;
  log_.info(
      file_ +
      ": asked to stop by `lensmill stop`: the shards in flight are finished first");
}

bool StopRequests::wanted() {
  if (wanted_) return true;
  if (StopSignals::requested()) {
    wanted_ = true;
  } else if (looks_ && Clock::now() >= next_) {
    next_ = Clock::now() + interval_;
    look();
  }
  return wanted_;
}

void StopRequests::explain() {
  if (!wanted_ && log_.speaks()) look();
}

}  // namespace lensmill::pipeline
