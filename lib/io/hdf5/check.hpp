#pragma once

#include <hdf5.h>

#include <string>

#include "lib/io/hdf5/handle.hpp"

/// \file
/// The one check of HDF5's return codes. Messages name the call, the object, the file
/// and HDF5's own reason, e.g.
/// `shard-000000.h5.partial: /images/arc: H5Dwrite failed (file write failed: ... error
/// message = 'No space left on device' ...)`.

namespace lensmill::io::hdf5 {

/// The file and the object in it ("" for the file itself) that a call concerns.
struct Place {
  std::string file;
  std::string object;

  /// "FILE: OBJECT", or "FILE".
  std::string text() const { return object.empty() ? file : file + ": " + object; }
};

/// Stop HDF5 from printing its error stack on stderr (once per process is enough; every
/// constructor of File calls it).
void silence_automatic_printing();

/// HDF5's reason for the failure just seen: the innermost entry of its error stack.
std::string error_reason();

/// \throws IoError with place, call and HDF5's reason.
[[noreturn]] void throw_failure(const char* call, const Place& place);

/// Pass a return value through; negative means failure.
/// \throws IoError
template <class Result>
Result check(Result result, const char* call, const Place& place) {
  if (result < 0) throw_failure(call, place);
  return result;
}

/// Own an identifier just obtained. \throws IoError if it is invalid.
inline Handle own(hid_t id, Handle::Closer closer, const char* call,
                  const Place& place) {
  return {check(id, call, place), closer};
}

}  // namespace lensmill::io::hdf5
