#pragma once

#include <mpi.h>

#include <string>

#include "lib/io/hdf5/group.hpp"

namespace lensmill::io::hdf5 {

/// An HDF5 file; also its root group. The library is not thread-safe: one thread per
/// process uses this room. HDF5 never calls fsync: see lib/io/files.hpp.
class File : public Group {
 public:
  /// Create, replacing what is there. \independent \throws IoError
  static File create(const std::string& path);
  /// Create through MPI-IO. \collective over `communicator`, which must not carry a
  /// topology: OMPIO writes wrong values silently on Cartesian communicators.
  /// \throws IoError
  static File create(const std::string& path, MPI_Comm communicator);
  /// Open for reading. \independent
  /// \throws IoError if the file cannot be opened, DataError if it is not a complete
  ///   HDF5 file
  static File open(const std::string& path);
  /// Open an existing file for reading and writing, serial. \throws as open
  static File open_for_update(const std::string& path);

  /// Write HDF5's buffers to the operating system. \collective \throws IoError
  void flush();
  /// Close and say so if that fails (the destructor is silent). Groups, datasets and
  /// attributes of the file must be closed before. \collective \throws IoError
  void close();

 private:
  using Group::Group;
};

}  // namespace lensmill::io::hdf5
