#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace lensmill::pipeline {

/// Where one rank's time went. All seconds.
struct Timings {
  std::vector<double> stages;  ///< in the chain's order
  double reading = 0.0;        ///< the catalogue
  double checksums = 0.0;
  double writing = 0.0;
  double waiting = 0.0;  ///< for the other ranks of the group, and for the next shard
  std::int64_t rows = 0;
};

/// Adds the time from its construction to the end of its scope.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    seconds_ += std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point start_ = Clock::now();
};

/// This process's largest resident memory so far, in bytes.
std::int64_t peak_memory_bytes();

}  // namespace lensmill::pipeline
