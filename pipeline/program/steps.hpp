#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// The progress line of long work that is not a run: "WHAT: 120 of 4,000 (3 %), 2 min
/// left". Written every half second on a terminal or with LENSMILL_LIVE=1, else from
/// the 30th second on every 30 s. Silent where the log is. The log must outlive it.
class Steps {
 public:
  /// \param what   of what, e.g. "rows rendered again"
  /// \param total  of all ranks
  /// \param ranks  that do as much as this one, about: its steps count so many times
  Steps(Log& log, std::string what, std::int64_t total, int ranks = 1);
  void done(std::int64_t steps = 1);

 private:
  using Clock = std::chrono::steady_clock;

  Log& log_;
  std::string what_;
  std::int64_t total_, done_ = 0;
  int ranks_;
  Clock::time_point start_ = Clock::now(), next_;
  Clock::duration interval_;
};

}  // namespace lensmill::pipeline
