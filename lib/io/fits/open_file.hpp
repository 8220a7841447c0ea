#pragma once

#include <fitsio.h>

#include <string>

namespace lensmill::io::fits {

/// See hdu.hpp. Only lib/io/fits's own sources include this (fitsio.h defines hundreds
/// of macros).
struct OpenFile {
  OpenFile(std::string path, fitsfile* handle)
      : path_(std::move(path)), handle_(handle) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    int status = 0;
    fits_close_file(handle_, &status);
    fits_clear_errmsg();
  }

  std::string path_;
  fitsfile* handle_;
};

/// The handle that Hdu::handle() gives.
inline fitsfile* as_fits(void* handle) { return static_cast<fitsfile*>(handle); }

}  // namespace lensmill::io::fits
