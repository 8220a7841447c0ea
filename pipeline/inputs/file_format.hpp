#pragma once

#include <string>

namespace lensmill::pipeline {

/// What a file contains.
enum class FileFormat {
  text,    ///< no byte of its beginning is zero
  hdf5,    ///< HDF5's signature
  fits,    ///< FITS's first keyword, or gzip (nothing else here is ever compressed)
  unknown  ///< binary of another kind
};

/// By its first bytes, not its name. \throws IoError if it cannot be read, DataError if
/// it is empty
FileFormat file_format_of(const std::string& path);

/// CFITSIO unpacks a .gz file whole into the memory of every rank that opens it: only
/// small ones are let through. \throws IoError, DataError with what to do
void refuse_large_gzip(const std::string& path);

}  // namespace lensmill::pipeline
