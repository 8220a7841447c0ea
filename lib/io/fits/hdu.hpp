#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lensmill::io::fits {

/// An open file (CFITSIO's handle and its path), shared by its HDUs and closed with the
/// last of them. Not thread-safe.
struct OpenFile;

/// A header-and-data unit, counted from 0 = primary (as astropy does).
class Hdu {
 public:
  Hdu(std::shared_ptr<OpenFile> file, int index);

  const std::string& file_path() const;
  int index() const { return index_; }
  /// The file's first one: what all may inherit stands there.
  Hdu primary() const { return {file_, 0}; }
  /// "FILE, HDU 1", for messages.
  std::string place() const;

  /// A header keyword's value, or nothing if there is no such keyword.
  /// \throws DataError if its value is of another type
  std::optional<std::string> find_string(const std::string& keyword) const;
  std::optional<double> find_double(const std::string& keyword) const;
  std::optional<std::int64_t> find_integer(const std::string& keyword) const;

  /// The whole header as cards of 80 characters without comments and ends of line; a
  /// compressed image's as if it were plain.
  std::string header_cards() const;

 protected:
  /// CFITSIO's handle, moved to this HDU (a fitsfile*).
  void* handle() const;

 private:
  template <class Read>
  bool find(const std::string& keyword, const char* call, Read read) const;

  std::shared_ptr<OpenFile> file_;
  int index_;
};

}  // namespace lensmill::io::fits
