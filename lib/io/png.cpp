#include "lib/io/png.hpp"

#include <png.h>

#include <string>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"

namespace lensmill::io {

void write_png(const std::string& path, std::span<const std::uint8_t> rgb, int ny,
               int nx) {
  EXPECT(ny > 0 && nx > 0);
  EXPECT(rgb.size() == std::size_t(ny) * std::size_t(nx) * 3);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(nx);
  image.height = static_cast<png_uint_32>(ny);
  image.format = PNG_FORMAT_RGB;
  // A negative stride starts with the last row: the top one.
  const png_int_32 stride = -3 * nx;
  // In memory first: a full disk must not leave half a picture.
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, rgb.data(), stride,
                                nullptr) == 0) {
    throw IoError(path + ": PNG not written (" + image.message + ")");
  }
  bytes.resize(size);
  write_text(path, bytes);
}

}  // namespace lensmill::io
