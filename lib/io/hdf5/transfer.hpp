#pragma once

#include "lib/io/hdf5/check.hpp"

namespace lensmill::io::hdf5 {

/// How ranks take part in a read or write of data.
enum class TransferMode {
  independent,  ///< each rank for itself; the only one with the serial driver
  collective,   ///< all ranks of the file's communicator call together (zero rows too)
};

/// A data-transfer property list, reusable; remembers how the last transfer went.
class Transfer {
 public:
  explicit Transfer(TransferMode mode = TransferMode::independent);
  hid_t id() const { return handle_.get(); }
  TransferMode mode() const { return mode_; }
  /// Whether HDF5 really did the last transfer collectively (it may fall back
  /// silently).
  bool was_collective() const;

 private:
  Handle handle_;
  TransferMode mode_;
};

}  // namespace lensmill::io::hdf5
