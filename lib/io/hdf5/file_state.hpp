#pragma once

#include <mpi.h>

namespace lensmill::io::hdf5 {

/// Which driver a file was opened with. Through `mpi`, everything that changes the
/// file's structure (create, attributes, close) is collective: all ranks of the
/// communicator call it in the same order with the same values.
enum class Driver { serial, mpi };

/// What a file's objects share.
struct FileState {
  Driver driver = Driver::serial;
  MPI_Comm communicator = MPI_COMM_NULL;  ///< not owned
  /// A write through MPI-IO failed: OMPIO then hangs in MPI_File_close, so the file is
  /// left open.
  bool failed = false;
  /// Opened with a seal (seal.hpp) that it agrees with.
  bool sealed = false;
};

/// Whether this process has left a file open after a failed write. HDF5 would try to
/// close it within MPI_Finalize, and hang or crash: end with MPI_Abort instead
/// (parallel::Environment::abort).
bool must_not_finalise();

}  // namespace lensmill::io::hdf5
