#pragma once

#include <string>

#include "lib/core/errors.hpp"
#include "lib/parallel/communicator.hpp"

namespace lensmill::parallel {

/// How a rank's work ended.
struct Outcome {
  ExitCode code = ExitCode::ok;
  std::string message{};  ///< of an error; "" when there was none
};

/// MPI from here to the end of the scope: made once, early in main, and destroyed after
/// everything that uses MPI (communicators, files). Alone (not under mpirun or srun)
/// the world has one rank.
class Environment {
 public:
  /// Asks for MPI_THREAD_MULTIPLE, which WorkQueue's server wants but can do without.
  /// \throws IoError
  Environment(int& argc, char**& argv);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  /// \collective: every rank gets here, so an error must have been agreed on before
  /// (Communicator::agree); otherwise abort().
  ~Environment();

  const Communicator& world() const { return world_; }

  /// Meet the other ranks at the end of the work. The outcome of the lowest failing
  /// rank becomes that of all. A rank that failed by itself, while others wait for it
  /// or work on, prints its message and ends all ranks after `grace_seconds`.
  /// \collective \return whether this rank is the one to say what happened
  bool agree_on_end(Outcome& outcome, double grace_seconds = 20.0) const;

  /// End all ranks at once with this exit code: the way out for an error that the other
  /// ranks don't know of. Output in flight is lost (partial shards stay partial).
  [[noreturn]] static void abort(ExitCode code);

 private:
  Communicator world_;
};

}  // namespace lensmill::parallel
