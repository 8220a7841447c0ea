#include "pipeline/job/stop_signals.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace lensmill::pipeline {
namespace {

constexpr std::array handled{SIGTERM, SIGINT, SIGUSR1};
// A handler reaches only what has static storage.
std::atomic<bool> stop_requested{false};
std::string usr1_text;
std::string others_text;
static_assert(std::atomic<bool>::is_always_lock_free);
std::array<struct sigaction, handled.size()> before;

extern "C" void on_signal(int signal) {
  if (signal == SIGINT && stop_requested) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  if (stop_requested.exchange(true)) return;
  const std::string& text = signal == SIGUSR1 ? usr1_text : others_text;
  const int error = errno;
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) {
    // Nobody is there to be told.
  }
  errno = error;
}

}  // namespace

StopSignals::StopSignals() {
  stop_requested = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  // System calls in flight go on: the run looks at the flag when it wants to.
  action.sa_flags = SA_RESTART;
  for (std::size_t k = 0; k < handled.size(); ++k) {
    sigaction(handled[k], &action, &before[k]);
  }
}

StopSignals::~StopSignals() {
  // A process that was asked to stop is ending: one more signal must not take its code.
  if (stop_requested) return;
  for (std::size_t k = 0; k < handled.size(); ++k) {
    sigaction(handled[k], &before[k], nullptr);
  }
}

bool StopSignals::requested() { return stop_requested; }

void StopSignals::announce(std::string on_usr1, std::string on_others) {
  usr1_text = std::move(on_usr1);
  others_text = std::move(on_others);
}

}  // namespace lensmill::pipeline
