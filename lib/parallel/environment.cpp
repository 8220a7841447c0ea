#include "lib/parallel/environment.hpp"

#include <mpi.h>

#include <cstdlib>

#include "lib/parallel/check.hpp"

namespace lensmill::parallel {

Environment::Environment(int& argc, char**& argv) {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided),
        "MPI_Init_thread");
  // Errors come back as codes and get a message instead of killing the job.
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
        "MPI_Comm_set_errhandler");
  world_ = Communicator::world();
}

Environment::~Environment() {
  world_ = Communicator();
  MPI_Finalize();
}

void Environment::abort(ExitCode code) {
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  std::_Exit(static_cast<int>(code));
}

}  // namespace lensmill::parallel
