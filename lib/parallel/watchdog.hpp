#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace lensmill::parallel {

/// Ends the job (exit code 74, all ranks) if its scope lasts too long: for collective
/// I/O, in which MPI-IO waits for ever for a rank whose system call failed.
class Watchdog {
 public:
  Watchdog(double limit_seconds, std::string what);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  std::string what_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

/// 600 s, or LENSMILL_IO_LIMIT_S. \throws UsageError unless that is a number above 0.
double io_limit_seconds();

}  // namespace lensmill::parallel
