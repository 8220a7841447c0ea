#include "lib/io/fits/writer.hpp"

#include <fitsio.h>

#include <cmath>
#include <cstdlib>
#include <string_view>

#include "lib/io/files.hpp"
#include "lib/io/fits/cards.hpp"
#include "lib/io/fits/check.hpp"

namespace lensmill::io::fits {
namespace {

constexpr std::size_t initial_bytes = 2880;
constexpr std::size_t growth_bytes = std::size_t{1} << 20U;

}  // namespace

struct Writer::MemoryFile {
  fitsfile* fits = nullptr;
  void* buffer = nullptr;
  std::size_t bytes = initial_bytes;
};

void Writer::Deleter::operator()(MemoryFile* file) const noexcept {
  int status = 0;
  if (file->fits != nullptr) fits_close_file(file->fits, &status);
  fits_clear_errmsg();
  std::free(file->buffer);
  delete file;
}

Writer::Writer() : file_(new MemoryFile) {
  file_->buffer = std::malloc(file_->bytes);
  int status = file_->buffer == nullptr ? MEMORY_ALLOCATION : 0;
  fits_create_memfile(&file_->fits, &file_->buffer, &file_->bytes, growth_bytes,
                      std::realloc, &status);
  check(status, "fits_create_memfile", "FITS file in memory");
}

void Writer::add(const std::string& name, std::span<const float> pixels,
                 std::vector<std::int64_t> axes, std::span<const Card> cards) {
  static_assert(sizeof(LONGLONG) == sizeof(std::int64_t));
  std::vector<LONGLONG> extents(axes.rbegin(), axes.rend());
  std::vector<float> values(pixels.begin(), pixels.end());
  std::vector<LONGLONG> first(extents.size(), 1);
  int status = 0;
  fits_create_imgll(file_->fits, FLOAT_IMG, static_cast<int>(extents.size()),
                    extents.data(), &status);
  fits_update_key_longstr(file_->fits, "EXTNAME", name.c_str(), "", &status);
  for (const auto& card : cards) {
    write_card(file_->fits, card, &status);
    check(status, "fits_update_key", "HDU " + name + ", keyword " + card.keyword);
  }
  fits_write_pixll(file_->fits, TFLOAT, first.data(),
                   static_cast<LONGLONG>(values.size()), values.data(), &status);
  check(status, "fits_write_pix", "HDU " + name);
}

void Writer::add_image(const std::string& name, ImageView<const float> image,
                       std::span<const Card> cards) {
  add(name, image.pixels(), {image.ny(), image.nx()}, cards);
}

void Writer::add_cube(const std::string& name, std::span<const float> pixels,
                      int planes, int ny, int nx, std::span<const Card> cards) {
  EXPECT(pixels.size() == std::size_t(planes) * std::size_t(ny) * std::size_t(nx));
  add(name, pixels, {planes, ny, nx}, cards);
}

void Writer::save(const std::string& path) {
  int status = 0;
  fits_flush_file(file_->fits, &status);
  LONGLONG end = 0;
  fits_get_hduaddrll(file_->fits, nullptr, nullptr, &end, &status);
  check(status, "fits_flush_file", path);
  write_text(path, std::string_view(static_cast<const char*>(file_->buffer),
                                    static_cast<std::size_t>(end)));
  *this = Writer();
}

}  // namespace lensmill::io::fits
