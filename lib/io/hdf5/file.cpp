#include "lib/io/hdf5/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "lib/core/errors.hpp"

namespace lensmill::io::hdf5 {
namespace {

/// Access properties common to both drivers. Locks are asked for but not insisted on:
/// many cluster file systems have none.
Handle access_properties(const Place& place) {
  silence_automatic_printing();
  Handle list = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "H5Pcreate", place);
  check(H5Pset_file_locking(list.get(), 1, 1), "H5Pset_file_locking", place);
  return list;
}

/// Separate "cannot be opened" from "is not an HDF5 file": the operating system is
/// asked first, so that what HDF5 refuses after that is the file's contents.
void check_readable(const Place& place, int flags) {
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

Handle open_existing(const Place& place, unsigned flags, const Handle& access) {
  const hid_t id = H5Fopen(place.file.c_str(), flags, access.get());
  if (id < 0) {
    throw DataError(place.file +
                    ": not a complete HDF5 file (H5Fopen: " + error_reason() + ")");
  }
  return {id, H5Fclose};
}

}  // namespace

File File::create(const std::string& path) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  return {own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
              H5Fclose, "H5Fcreate", place),
          place, Driver::serial};
}

File File::create(const std::string& path, MPI_Comm communicator) {
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
  return {own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
              H5Fclose, "H5Fcreate", place),
          place, Driver::mpi};
}

File File::open(const std::string& path) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  check_readable(place, O_RDONLY);
  return {open_existing(place, H5F_ACC_RDONLY, access), place, Driver::serial};
}

File File::open_for_update(const std::string& path) {
  const Place place{path, ""};
  const Handle access = access_properties(place);
  check_readable(place, O_RDWR);
  return {open_existing(place, H5F_ACC_RDWR, access), place, Driver::serial};
}

void File::flush() { check(H5Fflush(id(), H5F_SCOPE_GLOBAL), "H5Fflush", place_); }

void File::close() {
  // Anything else still open would keep the file open after H5Fclose.
  EXPECT(H5Fget_obj_count(id(), H5F_OBJ_ALL) == 1);
  const hid_t closing = handle_.release();
  check(H5Fclose(closing), "H5Fclose", place_);
}

}  // namespace lensmill::io::hdf5
