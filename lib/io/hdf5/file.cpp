#include "lib/io/hdf5/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>

#include "lib/core/errors.hpp"
#include "lib/io/disk_space.hpp"
#include "lib/io/files.hpp"
#include "lib/io/hdf5/seal.hpp"
#include "lib/io/hdf5/try_in_child.hpp"

namespace lensmill::io::hdf5 {
namespace {

/// Room for attributes and small datasets that are made after File::reserve_space.
constexpr std::uint64_t metadata_reserve_bytes = std::uint64_t{1} << 20U;

/// See must_not_finalise. HDF5's own state is process-wide, and so is this.
std::atomic<bool> file_left_open{false};

/// Access properties common to both drivers. Locks are asked for but not insisted on:
/// many cluster file systems have none.
Handle access_properties(const Place& place) {
  silence_automatic_printing();
  Handle list = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "H5Pcreate", place);
  // A sieve buffer would keep small writes back until a dataset's handle is closed,
  // where a failure is not seen.
  check(H5Pset_sieve_buf_size(list.get(), 0), "H5Pset_sieve_buf_size", place);
  check(H5Pset_file_locking(list.get(), 1, 1), "H5Pset_file_locking", place);
  return list;
}

/// Separate "cannot be opened" from "is not an HDF5 file": the operating system is
/// asked first, so that what HDF5 refuses after that is the file's contents.
void check_readable(const Place& place, int flags) {
  check_is_file(place.file);
  const int descriptor = ::open(place.file.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) {
    throw IoError(place.file + ": cannot be opened (" + std::strerror(errno) + ")");
  }
  // A folder opens but is not a file.
  char byte = 0;
  const bool is_file = ::read(descriptor, &byte, 1) >= 0;
  const int reason = errno;
  ::close(descriptor);
  if (!is_file) {
    throw IoError(place.file + ": cannot be read (" + std::strerror(reason) + ")");
  }
}

Handle creation_properties(std::size_t user_block_bytes, const Place& place) {
  Handle list = own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "H5Pcreate", place);
  check(H5Pset_userblock(list.get(), user_block_bytes), "H5Pset_userblock", place);
  return list;
}

Handle open_existing(const Place& place, unsigned flags, const Handle& access) {
  const hid_t id = H5Fopen(place.file.c_str(), flags, access.get());
  if (id < 0) {
    const std::string reason = error_reason();
    if (reason.find("lock file") != std::string::npos) {
      throw IoError(
          place.file +
          ": is locked by another program that has it open for writing; close "
          "it there (HDF5_USE_FILE_LOCKING=FALSE opens it all the same, "
          "half-written as it may be) (H5Fopen: " +
          reason + ")");
    }
    throw DataError(place.file + ": not a complete HDF5 file (H5Fopen: " + reason +
                    ")");
  }
  return {id, H5Fclose};
}

}  // namespace

bool must_not_finalise() { return file_left_open; }

File File::create(const std::string& path, std::size_t user_block_bytes) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  const Handle creation = creation_properties(user_block_bytes, place);
  return {own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()),
              H5Fclose, "H5Fcreate", place),
          place, std::make_shared<FileState>()};
}

File File::create(const std::string& path, MPI_Comm communicator,
                  std::size_t user_block_bytes) {
  const Place place{path, ""};
  int topology = MPI_UNDEFINED;
  MPI_Topo_test(communicator, &topology);
  if (topology != MPI_UNDEFINED) {
    throw ContractError(path +
                        ": the communicator carries a topology; OMPIO would "
                        "write wrong values (use one from MPI_Comm_split)");
  }
  const Handle access = access_properties(place);
  check(H5Pset_fapl_mpio(access.get(), communicator, MPI_INFO_NULL), "H5Pset_fapl_mpio",
        place);
  check(H5Pset_coll_metadata_write(access.get(), true), "H5Pset_coll_metadata_write",
        place);
  // Broken in 1.10.5 to 1.10.8.
  check(H5Pset_all_coll_metadata_ops(access.get(), false),
        "H5Pset_all_coll_metadata_ops", place);
  const Handle creation = creation_properties(user_block_bytes, place);
  return {own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()),
              H5Fclose, "H5Fcreate", place),
          place,
          std::make_shared<FileState>(
              FileState{.driver = Driver::mpi, .communicator = communicator})};
}

File File::open(const std::string& path) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  check_readable(place, O_RDONLY);
  const bool sealed = check_seal(path);
  if (!sealed) try_in_child(path);
  return {open_existing(place, H5F_ACC_RDONLY, access), place,
          std::make_shared<FileState>(FileState{.sealed = sealed})};
}

File File::open_damaged(const std::string& path) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  return {open_existing(place, H5F_ACC_RDONLY, access), place,
          std::make_shared<FileState>()};
}

File File::open_for_update(const std::string& path) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  check_readable(place, O_RDWR);
  return {open_existing(place, H5F_ACC_RDWR, access), place,
          std::make_shared<FileState>()};
}

File::~File() {
  if (!handle_.is_open()) return;
  if (driver() == Driver::mpi && state_->failed) {
    give_up();
  } else if (H5Fclose(handle_.release()) < 0) {
    file_left_open = true;
  }
}

void File::give_up() noexcept {
  handle_.release();
  file_left_open = true;
}

void File::reserve_space() {
  // A flush makes the file as long as what was allocated in it. (H5Fget_filesize fails
  // through MPI-IO once metadata have been written: the driver forgets its end of
  // file.)
  std::exception_ptr flush_error;
  try {
    flush();
  } catch (const Error&) {
    flush_error = std::current_exception();
  }
  const MPI_Comm communicator = state_->communicator;
  if (communicator != MPI_COMM_NULL) {
    // On one rank alone, it may be: the others must not go on to wait for that one.
    int failed = flush_error == nullptr ? 0 : 1;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, communicator);
    if (failed != 0) state_->failed = true;
    if (failed != 0 && flush_error == nullptr) {
      throw IoError(file_path() + ": could not be flushed on another rank");
    }
  }
  if (flush_error != nullptr) std::rethrow_exception(flush_error);
  int rank = 0;
  if (communicator != MPI_COMM_NULL) MPI_Comm_rank(communicator, &rank);
  std::uint64_t bytes = 0;
  int error = 0;
  if (rank == 0) {
    struct stat info {};
    error = ::stat(file_path().c_str(), &info) == 0 ? 0 : errno;
    bytes = static_cast<std::uint64_t>(info.st_size);
    if (error == 0) {
      error = reserve_disk_space(file_path(), bytes, metadata_reserve_bytes);
    }
  }
  if (communicator != MPI_COMM_NULL) {
    MPI_Bcast(&error, 1, MPI_INT, 0, communicator);
    MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, communicator);
  }
  if (error != 0) {
    throw IoError(fmt::format("{}: no room for a file of {} bytes ({})", file_path(),
                              bytes, std::strerror(error)));
  }
  reserved_ = rank == 0;
}

void File::flush() {
  if (H5Fflush(id(), H5F_SCOPE_GLOBAL) < 0) {
    state_->failed = true;
    throw_failure("H5Fflush", place_);
  }
}

void File::close() {
  if (driver() == Driver::mpi && state_->failed) {
    give_up();
    throw IoError(file_path() + ": left open, since a write to it has failed");
  }
  // Anything else still open would keep the file open after H5Fclose.
  EXPECT(H5Fget_obj_count(id(), H5F_OBJ_ALL) == 1);
  const hid_t closing = handle_.release();
  if (H5Fclose(closing) < 0) {
    file_left_open = true;
    throw_failure("H5Fclose", place_);
  }
  if (reserved_) release_reserve(file_path());
}

}  // namespace lensmill::io::hdf5
