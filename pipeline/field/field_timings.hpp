#pragma once

#include <chrono>

namespace lensmill::pipeline {

/// Seconds that a rank has spent.
struct FieldTimings {
  double render = 0.0;
  double exchange = 0.0;  ///< messages and deposits, waiting included
  double transform = 0.0;
  double measure = 0.0;
  double write = 0.0;
};

/// Adds the seconds of its life.
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

}  // namespace lensmill::pipeline
