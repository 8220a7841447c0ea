#include "lib/io/fits/hdu.hpp"

#include <fmt/format.h>

#include "lib/core/errors.hpp"
#include "lib/io/fits/check.hpp"
#include "lib/io/fits/open_file.hpp"

namespace lensmill::io::fits {

Hdu::Hdu(std::shared_ptr<OpenFile> file, int index)
    : file_(std::move(file)), index_(index) {
  fitsfile* fits = as_fits(handle());
  int status = 0;
  LONGLONG end = 0;
  fits_get_hduaddrll(fits, nullptr, nullptr, &end, &status);
  check(status, "fits_get_hduaddrll", place());
  // CFITSIO itself notices only when the missing bytes are read.
  const LONGLONG size = fits->Fptr->filesize;
  if (end > size) {
    throw DataError(fmt::format(
        "{}: truncated file (this HDU's data end at byte {}, the file at {})", place(),
        end, size));
  }
}

const std::string& Hdu::file_path() const { return file_->path_; }

std::string Hdu::place() const {
  return fmt::format("{}, HDU {}", file_->path_, index_);
}

void* Hdu::handle() const {
  int status = 0;
  fits_movabs_hdu(file_->handle_, index_ + 1, nullptr, &status);
  if (status == END_OF_FILE) {
    fits_clear_errmsg();
    throw DataError(place() + ": no such HDU");
  }
  check(status, "fits_movabs_hdu", place());
  return file_->handle_;
}

std::string Hdu::header_cards() const {
  char* text = nullptr;
  int cards = 0;
  int status = 0;
  fits_convert_hdr2str(as_fits(handle()), 1, nullptr, 0, &text, &cards, &status);
  std::string copy;
  if (text != nullptr) {
    if (status == 0) copy = text;
    int ignored = 0;
    fits_free_memory(text, &ignored);
  }
  check(status, "fits_convert_hdr2str", place());
  return copy;
}

template <class Read>
bool Hdu::find(const std::string& keyword, const char* call, Read read) const {
  int status = 0;
  read(as_fits(handle()), keyword.c_str(), &status);
  if (status == KEY_NO_EXIST || status == VALUE_UNDEFINED) {
    fits_clear_errmsg();
    return false;
  }
  check(status, call, place() + ", keyword " + keyword);
  return true;
}

std::optional<std::string> Hdu::find_string(const std::string& keyword) const {
  char* text = nullptr;
  const auto read = [&](fitsfile* fits, const char* key, int* status) {
    fits_read_key_longstr(fits, key, &text, nullptr, status);
  };
  if (!find(keyword, "fits_read_key_longstr", read)) return std::nullopt;
  std::string value(text);
  int status = 0;
  fits_free_memory(text, &status);
  return value;
}

std::optional<double> Hdu::find_double(const std::string& keyword) const {
  double value = 0.0;
  const auto read = [&](fitsfile* fits, const char* key, int* status) {
    fits_read_key_dbl(fits, key, &value, nullptr, status);
  };
  if (!find(keyword, "fits_read_key_dbl", read)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Hdu::find_integer(const std::string& keyword) const {
  LONGLONG value = 0;
  const auto read = [&](fitsfile* fits, const char* key, int* status) {
    fits_read_key_lnglng(fits, key, &value, nullptr, status);
  };
  if (!find(keyword, "fits_read_key_lnglng", read)) return std::nullopt;
  return value;
}

}  // namespace lensmill::io::fits
