#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/io/fits/writer.hpp"

namespace lensmill::io::fits {

/// What pixels are.
enum class PixelType {
  float32,
  int32,  ///< bits; written from floats that are whole numbers
};

/// Header of an image that is made: cards of an image that it continues, then its own.
struct ImageHeader {
  /// Cards of 80 characters (Hdu::header_cards): those that say what the pixels' array
  /// is (SIMPLE, BITPIX, NAXIS, BSCALE, checksums, compression) are left out.
  std::string continued;
  std::vector<Card> cards;
  std::vector<std::string> history;  ///< a HISTORY card each
  PixelType type = PixelType::float32;
};

/// How pixels are stored.
enum class Compression {
  none,
  lossless,  ///< tile-compressed by rows, GZIP_2, not quantised
};

/// Writes an image row by row, so that memory does not grow with it: an own partial
/// file, published by finish(). Tile-compressed images are in the first extension.
class ImageStream {
 public:
  /// \throws IoError
  ImageStream(std::string path, int ny, int nx, const ImageHeader& header,
              Compression compression);
  ImageStream(const ImageStream&) = delete;
  ImageStream& operator=(const ImageStream&) = delete;
  ~ImageStream();  ///< removes what was not finished

  /// Rows from `y` on; each once, in any order (compressed: ascending). \throws IoError
  void write_rows(int y, ImageView<const float> rows);
  void finish();

 private:
  struct Open;
  std::string path_;
  std::unique_ptr<Open> open_;
};

}  // namespace lensmill::io::fits
