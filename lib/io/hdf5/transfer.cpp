#include "lib/io/hdf5/transfer.hpp"

namespace lensmill::io::hdf5 {
namespace {
const Place nowhere{"data transfer", ""};
}

Transfer::Transfer(TransferMode mode) : mode_(mode) {
  silence_automatic_printing();
  handle_ = own(H5Pcreate(H5P_DATASET_XFER), H5Pclose, "H5Pcreate", nowhere);
  if (mode == TransferMode::collective) {
    check(H5Pset_dxpl_mpio(id(), H5FD_MPIO_COLLECTIVE), "H5Pset_dxpl_mpio", nowhere);
  }
}

bool Transfer::was_collective() const {
  H5D_mpio_actual_io_mode_t actual = H5D_MPIO_NO_COLLECTIVE;
  check(H5Pget_mpio_actual_io_mode(id(), &actual), "H5Pget_mpio_actual_io_mode",
        nowhere);
  return actual == H5D_MPIO_CONTIGUOUS_COLLECTIVE ||
         actual == H5D_MPIO_CHUNK_COLLECTIVE;
}

}  // namespace lensmill::io::hdf5
