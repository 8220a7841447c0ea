#pragma once

#include <string>

/// \file
/// The one check of CFITSIO's status codes. Messages name the call, the file and HDU,
/// the status and CFITSIO's own message stack.

namespace lensmill::io::fits {

/// \throws DataError "PLACE: CALL failed (status N: text; messages...)", or IoError if
///   the status says that the system failed to open, write or allocate. Clears the
///   stack.
[[noreturn]] void throw_failure(int status, const char* call, const std::string& place);

inline void check(int status, const char* call, const std::string& place) {
  if (status != 0) throw_failure(status, call, place);
}

}  // namespace lensmill::io::fits
