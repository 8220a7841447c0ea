#include "lib/io/fits/stream_writer.hpp"

#include <fitsio.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "lib/core/contracts.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/cards.hpp"
#include "lib/io/fits/check.hpp"

namespace lensmill::io::fits {
namespace {

constexpr std::size_t card_length = 80;

/// Whether a card says how pixels are stored, which the copy does its own way.
bool is_of_storage(std::string_view card) {
  static constexpr std::array<std::string_view, 14> prefixes{
      "SIMPLE", "BITPIX", "NAXIS", "EXTEND",   "PCOUNT",  "GCOUNT",  "XTENSION",
      "BSCALE", "BZERO",  "BLANK", "CHECKSUM", "DATASUM", "DATAMIN", "DATAMAX"};
  const auto keyword = card.substr(0, 8);
  return card.substr(0, 4) == "END " || card.find_first_not_of(' ') == card.npos ||
         std::ranges::any_of(prefixes,
                             [&](auto prefix) { return keyword.starts_with(prefix); });
}

/// A file in the making: closed and removed unless it is published.
class PartialFile {
 public:
  explicit PartialFile(const std::string& path)
      : path_(path), partial_(own_partial(path)) {
    int status = 0;
    fits_create_diskfile(&fits_, partial_.c_str(), &status);
    check(status, "fits_create_file", partial_);
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile() {
    if (fits_ == nullptr) return;
    int status = 0;
    fits_close_file(fits_, &status);
    fits_clear_errmsg();
    std::remove(partial_.c_str());
  }
  fitsfile* get() const { return fits_; }
  const std::string& path() const { return path_; }
  void publish_it() {
    int status = 0;
    fits_close_file(fits_, &status);
    fits_ = nullptr;
    if (status != 0) std::remove(partial_.c_str());
    check(status, "fits_close_file", path_);
    publish(partial_, path_);
    remove_dead_partials_of(path_);
  }

 private:
  std::string path_, partial_;
  fitsfile* fits_ = nullptr;
};

}  // namespace

struct ImageStream::Open {
  PartialFile file;
  int nx;
  PixelType type;
};

ImageStream::ImageStream(std::string path, int ny, int nx, const ImageHeader& header,
                         Compression compression)
    : path_(std::move(path)), open_(new Open{PartialFile(path_), nx, header.type}) {
  fitsfile* fits = open_->file.get();
  int status = 0;
  if (compression == Compression::lossless) {
    fits_set_compression_type(fits, GZIP_2, &status);
    fits_set_quantize_level(fits, 0.0F, &status);
  }
  std::array<LONGLONG, 2> axes{nx, ny};
  fits_create_imgll(fits, header.type == PixelType::int32 ? LONG_IMG : FLOAT_IMG, 2,
                    axes.data(), &status);
  check(status, "fits_create_img", path_);
  for (std::size_t at = 0; at + card_length <= header.continued.size();
       at += card_length) {
    const auto card = header.continued.substr(at, card_length);
    if (!is_of_storage(card)) fits_write_record(fits, card.c_str(), &status);
  }
  for (const auto& card : header.cards) write_card(fits, card, &status);
  for (const auto& line : header.history) {
    fits_write_history(fits, line.c_str(), &status);
  }
  check(status, "fits_write_record", path_);
}

ImageStream::~ImageStream() = default;

void ImageStream::write_rows(int y, ImageView<const float> rows) {
  EXPECT(rows.nx() == open_->nx);
  std::array<LONGLONG, 2> first{1, y + 1};
  int status = 0;
  const auto write = [&]<class T>(std::vector<T> values, int type) {
    // CFITSIO's argument is not const; it may swap bytes in place.
    fits_write_pixll(open_->file.get(), type, first.data(),
                     static_cast<LONGLONG>(values.size()), values.data(), &status);
  };
  const auto pixels = rows.pixels();
  if (open_->type == PixelType::int32) {
    // Never by CFITSIO: it puts the bits of floats into compressed images of integers.
    write(std::vector<int>(pixels.begin(), pixels.end()), TINT);
  } else {
    write(std::vector<float>(pixels.begin(), pixels.end()), TFLOAT);
  }
  check(status, "fits_write_pix", path_);
}

void ImageStream::finish() { open_->file.publish_it(); }

}  // namespace lensmill::io::fits
