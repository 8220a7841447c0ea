#include "lib/io/fits/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/check.hpp"
#include "lib/io/fits/open_file.hpp"

namespace lensmill::io::fits {
namespace {

/// Whether the current HDU is an image with pixels, and whether it is a table.
struct HduShape {
  bool has_pixels = false;
  bool is_table = false;
};

HduShape shape_of(fitsfile* fits, int index, const std::string& path) {
  const std::string place = path + ", HDU " + std::to_string(index);
  int status = 0;
  int type = 0;
  fits_movabs_hdu(fits, index + 1, &type, &status);
  check(status, "fits_movabs_hdu", place);
  if (type != IMAGE_HDU && fits_is_compressed_image(fits, &status) == 0) {
    return {.has_pixels = false, .is_table = true};
  }
  int axes = 0;
  fits_get_img_dim(fits, &axes, &status);
  check(status, "fits_get_img_dim", place);
  return {.has_pixels = axes > 0, .is_table = false};
}

}  // namespace

File File::open(const std::string& path) {
  // Ask the system first, so that what CFITSIO refuses after that is the contents.
  check_is_file(path);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  const bool readable = descriptor >= 0 && ::read(descriptor, &byte, 1) >= 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!readable) {
    throw IoError(path + ": cannot be opened (" + std::strerror(reason) + ")");
  }
  fitsfile* handle = nullptr;
  int status = 0;
  fits_open_diskfile(&handle, path.c_str(), READONLY, &status);
  if (status != 0) {
    try {
      throw_failure(status, "fits_open_diskfile", path);
    } catch (const Error& error) {
      throw DataError(std::string(error.what()) + ": not a complete FITS file");
    }
  }
  return File(std::make_shared<OpenFile>(path, handle));
}

const std::string& File::path() const { return file_->path_; }

int File::hdu_count() const {
  int count = 0;
  int status = 0;
  fits_get_num_hdus(file_->handle_, &count, &status);
  check(status, "fits_get_num_hdus", path());
  return count;
}

ImageHdu File::first_image() const {
  const int count = hdu_count();
  for (int hdu = 0; hdu < count; ++hdu) {
    if (shape_of(file_->handle_, hdu, path()).has_pixels) return image(hdu);
  }
  throw DataError(path() + ": no HDU with an image");
}

std::vector<int> File::image_hdus() const {
  std::vector<int> found;
  const int count = hdu_count();
  for (int hdu = 0; hdu < count; ++hdu) {
    if (shape_of(file_->handle_, hdu, path()).has_pixels) found.push_back(hdu);
  }
  return found;
}

std::vector<int> File::table_hdus(std::string_view with_column) const {
  std::vector<int> found;
  const int count = hdu_count();
  for (int hdu = 0; hdu < count; ++hdu) {
    if (!shape_of(file_->handle_, hdu, path()).is_table) continue;
    if (with_column.empty() || table(hdu).has(with_column)) found.push_back(hdu);
  }
  return found;
}

TableHdu File::first_table(std::string_view with_column) const {
  const int count = hdu_count();
  for (int hdu = 0; hdu < count; ++hdu) {
    if (!shape_of(file_->handle_, hdu, path()).is_table) continue;
    TableHdu candidate = table(hdu);
    if (with_column.empty() || candidate.has(with_column)) return candidate;
  }
  throw DataError(path() + ": no HDU with a table" +
                  (with_column.empty() ? "" : " that has a column ") +
                  std::string(with_column));
}

}  // namespace lensmill::io::fits
