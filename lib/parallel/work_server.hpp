#pragma once

#include <mpi.h>

#include <thread>

#include "lib/parallel/work_counter.hpp"

namespace lensmill::parallel {

/// A thread that answers other ranks' claims on a counter, until each of `clients`
/// groups has been told of the end. Needs MPI_THREAD_MULTIPLE and a communicator that
/// nobody else receives on. It polls: a blocked MPI_Recv would burn a core.
class WorkServer {
 public:
  WorkServer(MPI_Comm communicator, WorkCounter& counter, int clients);
  WorkServer(const WorkServer&) = delete;
  WorkServer& operator=(const WorkServer&) = delete;
  /// Waits for the last client.
  ~WorkServer();

 private:
  void serve(int clients);

  MPI_Comm communicator_;
  WorkCounter& counter_;
  std::thread thread_;
};

/// A client's claim, answered by the server on rank 0 of the communicator.
/// \throws IoError
WorkAnswer ask_server(MPI_Comm communicator, StopRequest stop);

}  // namespace lensmill::parallel
