#include "lib/io/hdf5/check.hpp"

#include "lib/core/errors.hpp"

namespace lensmill::io::hdf5 {

void silence_automatic_printing() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string error_reason() {
  std::string innermost;
  const auto keep_last = [](unsigned, const H5E_error2_t* entry, void* text) -> herr_t {
    if (entry->desc != nullptr) *static_cast<std::string*>(text) = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_last, &innermost);
  return innermost.empty() ? "no reason given by HDF5" : innermost;
}

void throw_failure(const char* call, const Place& place) {
  throw IoError(place.text() + ": " + call + " failed (" + error_reason() + ")");
}

}  // namespace lensmill::io::hdf5
