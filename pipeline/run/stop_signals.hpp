#pragma once

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
};

}  // namespace lensmill::pipeline
