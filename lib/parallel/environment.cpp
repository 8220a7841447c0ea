#include "lib/parallel/environment.hpp"

#include <mpi.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "lib/parallel/check.hpp"

namespace lensmill::parallel {
namespace {

/// Whether mpirun or srun started this process.
bool started_by_a_launcher() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr ||
         std::getenv("PMIX_RANK") != nullptr || std::getenv("PMI_RANK") != nullptr;
}

constexpr const char* could_not_start = "MPI could not be started";
constexpr const char* what_to_look_at =
    "; its own messages, if any, are above: look at the launcher, the network and "
    "OMPI_MCA_* settings; nothing was computed";

}  // namespace

// Errors before MPI is initialised cannot be returned by Open MPI 4: it calls this
// function of its own, which ends the process with 1 and no word of ours. Ours takes
// its place; everywhere else errors are returned (below). Open MPI 5 asks a variable.
extern "C" [[noreturn]] void ompi_mpi_errors_are_fatal_comm_handler(void*, int*, ...) {
  std::fprintf(stderr, "lensmill: %s%s\n", could_not_start, what_to_look_at);
  std::_Exit(static_cast<int>(ExitCode::io));
}

Environment::Environment(int& argc, char**& argv) {
  if (!started_by_a_launcher()) {
    // Alone, Open MPI has no use for its session folder, whose parent all of a user's
    // processes share: one that ends removes it while another one begins, which dies.
    ::setenv("OMPI_MCA_orte_create_session_dirs", "0", /*overwrite=*/0);
    // Nor for a daemon beside it, which takes a fifth of a second to start.
    ::setenv("OMPI_MCA_ess_singleton_isolated", "1", /*overwrite=*/0);
  }
  if (::access("/sys/devices/system/cpu", F_OK) != 0) {
    // Some containers: hwloc would say so on stderr, and nothing here depends on it.
    ::setenv("HWLOC_HIDE_ERRORS", "2", /*overwrite=*/0);
  }
  ::setenv("OMPI_MCA_mpi_initial_errhandler", "mpi_errors_return", /*overwrite=*/1);
  try {
    int provided = MPI_THREAD_SINGLE;
    check(MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided),
          "MPI_Init_thread");
    // Errors come back as codes and get a message instead of killing the job.
    for (MPI_Comm given : {MPI_COMM_WORLD, MPI_COMM_SELF}) {
      check(MPI_Comm_set_errhandler(given, MPI_ERRORS_RETURN),
            "MPI_Comm_set_errhandler");
    }
    // Some MPIs look for ways between the ranks only when a communicator is made.
    world_ = Communicator::world();
  } catch (const IoError& error) {
    throw IoError(std::string(could_not_start) + ": " + error.what() + what_to_look_at);
  }
}

Environment::~Environment() {
  world_ = Communicator();
  MPI_Finalize();
}

bool Environment::agree_on_end(Outcome& outcome, double grace_seconds) const {
  using Clock = std::chrono::steady_clock;
  const bool failed = outcome.code != ExitCode::ok;
  if (world_.size() == 1) return true;
  const std::int64_t mine = failed ? world_.rank() : world_.size();
  std::int64_t first_failing = world_.size();
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallreduce(&mine, &first_failing, 1, MPI_INT64_T, MPI_MIN, world_.native(),
                       &request),
        "MPI_Iallreduce");
  const auto start = Clock::now();
  for (int arrived = 0; arrived == 0;) {
    check(MPI_Test(&request, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
    const std::chrono::duration<double> waited = Clock::now() - start;
    if (arrived == 0 && failed && waited.count() > grace_seconds) {
      std::fprintf(stderr, "lensmill: rank %d: %s\n", world_.rank(),
                   outcome.message.c_str());
      abort(outcome.code);
    }
    // Polling without a pause would take a core from a rank that still works.
    if (arrived == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (first_failing == world_.size()) return world_.is_root();
  world_.broadcast(outcome.code, static_cast<int>(first_failing));
  return world_.rank() == first_failing;
}

void Environment::abort(ExitCode code) {
  int initialised = 0;
  int finalised = 0;
  MPI_Initialized(&initialised);
  MPI_Finalized(&finalised);
  if (initialised != 0 && finalised == 0) {
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  }
  std::_Exit(static_cast<int>(code));
}

}  // namespace lensmill::parallel
