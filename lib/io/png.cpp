#include "lib/io/png.hpp"

#include <png.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::io {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw IoError(path + ": PNG not written (" + what +
                (error == 0 ? "" : std::string("; ") + std::strerror(error)) + ")");
}

}  // namespace

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
  // Not png_image_write_to_file: on failure that removes the file, whatever it is (as
  // root even a device).
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) fail(path, "cannot be opened", errno);
  errno = 0;
  const int written =
      png_image_write_to_stdio(&image, file, 0, rgb.data(), stride, nullptr);
  const int write_error = errno;
  const int closed = std::fclose(file);
  if (written == 0) fail(path, image.message, write_error);
  if (closed != 0) fail(path, "cannot be closed", errno);
}

}  // namespace lensmill::io
