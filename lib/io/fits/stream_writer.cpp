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

int fits_type(ElementType type) {
  switch (type) {
    case ElementType::uint8: return TBYTE;
    case ElementType::int16: return TSHORT;
    case ElementType::int32: return TINT;
    case ElementType::int64: return TLONGLONG;
    case ElementType::uint64: return TULONGLONG;
    case ElementType::float32: return TFLOAT;
    case ElementType::float64: return TDOUBLE;
    case ElementType::text: break;
  }
  return TSTRING;
}

char fits_form(ElementType type) {
  switch (type) {
    case ElementType::uint8: return 'B';
    case ElementType::int16: return 'I';
    case ElementType::int32: return 'J';
    case ElementType::int64: return 'K';
    case ElementType::uint64: return 'W';
    case ElementType::float32: return 'E';
    case ElementType::float64: return 'D';
    case ElementType::text: break;
  }
  return 'A';
}

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

void write_table(const std::string& path, const std::string& name, const Table& table,
                 std::span<const Card> cards) {
  PartialFile file(path);
  fitsfile* fits = file.get();
  std::vector<std::string> names, forms, units;
  const std::size_t rows = table.empty() ? 0 : table.front().rows();
  for (const auto& column : table) {
    EXPECT(column.info().row_elements() == 1 &&
           column.info().type != ElementType::text && column.rows() == rows);
    names.push_back(column.info().name);
    forms.push_back(std::string("1") + fits_form(column.info().type));
    units.push_back(column.info().unit);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    return result;
  };
  auto name_pointers = pointers(names);
  auto form_pointers = pointers(forms);
  auto unit_pointers = pointers(units);
  int status = 0;
  fits_create_tbl(fits, BINARY_TBL, static_cast<LONGLONG>(rows),
                  static_cast<int>(table.size()), name_pointers.data(),
                  form_pointers.data(), unit_pointers.data(), name.c_str(), &status);
  check(status, "fits_create_tbl", path);
  for (const auto& card : cards) write_card(fits, card, &status);
  check(status, "fits_update_key", path);
  for (std::size_t k = 0; k < table.size(); ++k) {
    const auto& info = table[k].info();
    const auto keyword = "TTYPE" + std::to_string(k + 1);
    fits_modify_comment(fits, keyword.c_str(), info.description.c_str(), &status);
    if (rows == 0) continue;
    std::vector<std::byte> bytes(table[k].bytes().begin(), table[k].bytes().end());
    fits_write_col(fits, fits_type(info.type), static_cast<int>(k) + 1, 1, 1,
                   static_cast<LONGLONG>(rows), bytes.data(), &status);
    check(status, "fits_write_col", path + ", column " + info.name);
  }
  check(status, "fits_modify_comment", path);
  file.publish_it();
}

}  // namespace lensmill::io::fits
