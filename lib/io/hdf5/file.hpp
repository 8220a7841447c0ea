#pragma once

#include <mpi.h>

#include <string>

#include "lib/io/hdf5/group.hpp"

namespace lensmill::io::hdf5 {

/// An HDF5 file; also its root group. The library is not thread-safe: one thread per
/// process uses this room. HDF5 never calls fsync: see lib/io/files.hpp.
class File : public Group {
 public:
  /// Create, replacing what is there; the first `user_block_bytes` are left to
  /// write_seal (seal_block_bytes; 0: none). \independent \throws IoError
  static File create(const std::string& path, std::size_t user_block_bytes = 0);
  /// Create through MPI-IO. \collective over `communicator`, which must not carry a
  /// topology: OMPIO writes wrong values silently on Cartesian communicators.
  /// \throws IoError
  static File create(const std::string& path, MPI_Comm communicator,
                     std::size_t user_block_bytes = 0);
  /// Open for reading. HDF5 does not see a damaged file first: one with a seal is
  /// compared with it (check_seal), any other is walked in a child process
  /// (try_in_child). \independent
  /// \throws IoError if the file cannot be opened, DataError if it is damaged or not a
  ///   complete HDF5 file
  static File open(const std::string& path);
  /// Open for reading what may be damaged: HDF5 may crash on it. For a child process
  /// (look_in_child) alone. \throws as open
  static File open_damaged(const std::string& path);
  /// Open an existing file for reading and writing, serial. \throws as open
  static File open_for_update(const std::string& path);

  File(File&&) = default;
  File& operator=(File&&) = delete;
  /// Closes silently; leaves a file open for good whose write through MPI-IO failed.
  ~File();

  /// Make sure that the disk has room for everything created so far (and a little for
  /// metadata to come); call it after the last create_dataset, before the first write.
  /// Not optional for parallel files: on a full disk OMPIO's collective writes were
  /// seen to report success (3 ranks) or to hang at close (2 ranks). \collective
  /// \throws IoError on all ranks alike
  void reserve_space();
  /// Write HDF5's buffers to disk. \collective \throws IoError
  void flush();
  /// Close and say so if that fails. Groups, datasets and attributes of the file must
  /// be closed before. \collective \throws IoError
  void close();
  /// Never touch this file again: it is left open for good (must_not_finalise). For all
  /// ranks when a collective call has failed on one: a collective close would wait for
  /// that one for ever. \independent
  void abandon() noexcept { state_->failed = true; }
  /// Whether it was opened with a seal and agrees with it.
  bool sealed() const { return state_->sealed; }

 private:
  using Group::Group;
  void give_up() noexcept;

  bool reserved_ = false;
};

}  // namespace lensmill::io::hdf5
