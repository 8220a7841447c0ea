#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/fits/image_hdu.hpp"
#include "lib/io/fits/table_hdu.hpp"

namespace lensmill::io::fits {

/// A FITS file for reading; plain, .gz or tile-compressed (.fz). HDUs that it gave stay
/// usable after it is gone.
class File {
 public:
  /// The name is taken literally: CFITSIO's "file.fits[1]" syntax is off.
  /// \throws IoError if the file cannot be opened, DataError if it is not FITS
  static File open(const std::string& path);

  const std::string& path() const;
  /// Number of HDUs, the primary included. Reads every header.
  int hdu_count() const;
  /// HDU 0 is the primary. \throws DataError
  Hdu hdu(int index) const { return {file_, index}; }
  ImageHdu image(int hdu) const { return {file_, hdu}; }
  TableHdu table(int hdu) const { return {file_, hdu}; }
  /// The image to take when none is named: the first HDU with pixels.
  /// \throws DataError if there is none
  ImageHdu first_image() const;
  /// Every HDU with pixels, in order.
  std::vector<int> image_hdus() const;
  /// Every table that has the column (any, for ""), in order.
  std::vector<int> table_hdus(std::string_view with_column) const;
  /// The first table that has the column, or the first table if that is "".
  /// \throws DataError if there is none
  TableHdu first_table(std::string_view with_column = "") const;

 private:
  explicit File(std::shared_ptr<OpenFile> file) : file_(std::move(file)) {}

  std::shared_ptr<OpenFile> file_;
};

}  // namespace lensmill::io::fits
