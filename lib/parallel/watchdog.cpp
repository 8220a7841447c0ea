#include "lib/parallel/watchdog.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "lib/core/seconds_from_environment.hpp"
#include "lib/parallel/environment.hpp"

namespace lensmill::parallel {

Watchdog::Watchdog(double limit_seconds, std::string what)
    : what_(std::move(what)), thread_([this, limit_seconds] {
        std::unique_lock lock(mutex_);
        const std::chrono::duration<double> limit(limit_seconds);
        if (wake_.wait_for(lock, limit, [this] { return ended_; })) return;
        std::fprintf(
            stderr,
            "lensmill: %s: no end after %g s: a rank has failed in it, or the "
            "file system hangs (LENSMILL_IO_LIMIT_S); continue with --resume\n",
            what_.c_str(), limit_seconds);
        Environment::abort(ExitCode::io);
      }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

double io_limit_seconds() {
  constexpr double default_seconds = 600.0;
  return seconds_from_environment("LENSMILL_IO_LIMIT_S", default_seconds);
}

}  // namespace lensmill::parallel
