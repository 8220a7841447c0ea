#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "pipeline/archive/run_folder.hpp"
#include "pipeline/program/log.hpp"

/// \file
/// `lensmill stop RUN`: a file, RUN/log/stop, that the jobs at work on a run look for
/// and take like a signal. It names the claims of the jobs it is meant for
/// (lib/io/claim.hpp), so that no clock tells whether it is of today: when none of them
/// lives any more, it is done with.

namespace lensmill::pipeline {

/// Ask the jobs that are making shards of a run to end in good order.
/// \return who they are, for messages; none: nothing is written
/// \independent \throws IoError
std::vector<std::string> ask_jobs_to_stop(const RunFolder& folder);

/// At the start of a job: remove a stop file whose jobs have all ended. One that is
/// meant for another job that lives stays, whatever its date, and this job heeds it,
/// too. \param own_claim path of this job's claim, or "" \independent: the root \throws
/// IoError
void settle_stop_file(const RunFolder& folder, const std::string& own_claim);

/// Have signals say what will follow (StopSignals::announce). Of the root, before they
/// are caught.
void announce_stop_signals(const RunFolder& folder, const Log& log);

/// Whether this rank knows of a request to stop: a signal, or the stop file.
class StopRequests {
 public:
  /// \param looks whether this rank looks for the file (one of each group does)
  /// \param groups that look for it, altogether at most some ten times a second
  StopRequests(const RunFolder& folder, bool looks, int groups, Log& log);

  /// Cheap enough to be called for every row. Says so when the file is first seen;
  /// signals are said by their handler.
  bool wanted();

  /// After a job that was stopped, on the rank that speaks: say that there is a stop
  /// file if it was another rank that saw it. \independent
  void explain();

 private:
  using Clock = std::chrono::steady_clock;
  void look();

  std::string file_;
  bool looks_;
  Clock::duration interval_;
  Log& log_;
  Clock::time_point next_{};
  bool wanted_ = false;
};

}  // namespace lensmill::pipeline
