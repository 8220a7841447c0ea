#pragma once

#include <string>

namespace lensmill::pipeline {

/// Asks the run to end in good order: SIGTERM, SIGINT and SIGUSR1 are caught from here
/// to the end of the scope, or of the process once one has come. A second SIGINT ends
/// the process at once, as without us.
/// One object at a time (signal handlers belong to the process).
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// Whether this rank has got one of them. Others may not have: agree on it.
  static bool requested();
  /// Texts for stderr, written by the handler itself when the first signal comes, one
  /// for USR1 and one for the others: after these a launcher may leave no time for
  /// more. Before signals are expected, from one thread.
  static void announce(std::string on_usr1, std::string on_others);
};

}  // namespace lensmill::pipeline
