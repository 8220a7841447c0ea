#include "lib/io/fits/writer.hpp"

#include <fitsio.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/io/files.hpp"
#include "lib/io/fits/check.hpp"

namespace lensmill::io::fits {
namespace {

constexpr std::size_t initial_bytes = 2880;
constexpr std::size_t growth_bytes = std::size_t{1} << 20U;

const char* non_finite_text(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Inf" : "-Inf";
}

struct WriteCard {
  fitsfile* fits;
  const Card& card;
  int* status;

  void operator()(double value) const {
    if (!std::isfinite(value)) {
      (*this)(std::string(non_finite_text(value)));
      return;
    }
    // 17 digits give a double back exactly.
    fits_update_key_dbl(fits, card.keyword.c_str(), value, -17, card.comment.c_str(),
                        status);
  }
  void operator()(std::int64_t value) const {
    fits_update_key_lng(fits, card.keyword.c_str(), value, card.comment.c_str(),
                        status);
  }
  void operator()(const std::string& value) const {
    fits_update_key_longstr(fits, card.keyword.c_str(), value.c_str(),
                            card.comment.c_str(), status);
  }
};

/// A column as CFITSIO takes it.
struct Form {
  char letter;  ///< of TFORM
  int type;     ///< of the values in memory
};

Form form_of(ElementType type) {
  switch (type) {
    case ElementType::uint8: return {'B', TBYTE};
    case ElementType::int16: return {'I', TSHORT};
    case ElementType::int32: return {'J', TINT};
    case ElementType::int64: return {'K', TLONGLONG};
    case ElementType::uint64: return {'W', TULONGLONG};
    case ElementType::float32: return {'E', TFLOAT};
    case ElementType::float64: return {'D', TDOUBLE};
    case ElementType::text: break;
  }
  return {'A', TSTRING};
}

void write_cards(fitsfile* fits, std::span<const Card> cards, const std::string& name) {
  int status = 0;
  for (const auto& card : cards) {
    std::visit(WriteCard{fits, card, &status}, card.value);
    check(status, "fits_update_key", "HDU " + name + ", keyword " + card.keyword);
  }
}

/// \param number from 1
void write_column(fitsfile* fits, int number, const Column& column) {
  int status = 0;
  const auto form = form_of(column.info().type);
  const auto rows = column.rows();
  if (form.type != TSTRING) {
    // CFITSIO takes what it only reads as void*.
    auto* values = const_cast<std::byte*>(column.bytes().data());
    fits_write_col(fits, form.type, number, 1, 1,
                   static_cast<LONGLONG>(rows * column.info().row_elements()), values,
                   &status);
    check(status, "fits_write_col", "column " + column.info().name);
    return;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const auto bytes = column.row<char>(row);
    std::string text(bytes.begin(), bytes.end());
    char* cell = text.data();
    fits_write_col(fits, TSTRING, number, static_cast<LONGLONG>(row) + 1, 1, 1, &cell,
                   &status);
  }
  check(status, "fits_write_col", "column " + column.info().name);
}

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
  check(status, "fits_create_img", "HDU " + name);
  write_cards(file_->fits, cards, name);
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

void Writer::add_table(const std::string& name, const Table& table,
                       std::span<const Card> cards) {
  EXPECT(!table.empty());
  std::vector<std::string> texts;  // names, forms and units, one after the other
  for (const auto& column : table) {
    EXPECT(column.rows() == table.front().rows());
    const auto& info = column.info();
    texts.push_back(info.name);
    texts.push_back(std::to_string(info.row_elements()) + form_of(info.type).letter);
    texts.push_back(info.unit);
  }
  std::vector<char*> names, forms, units;
  for (std::size_t k = 0; k < texts.size(); k += 3) {
    names.push_back(texts[k].data());
    forms.push_back(texts[k + 1].data());
    units.push_back(texts[k + 2].data());
  }
  int status = 0;
  fits_create_tbl(file_->fits, BINARY_TBL, static_cast<LONGLONG>(table.front().rows()),
                  static_cast<int>(table.size()), names.data(), forms.data(),
                  units.data(), name.c_str(), &status);
  for (std::size_t k = 0; k < table.size(); ++k) {
    const auto& info = table[k].info();
    const auto keyword = "TTYPE" + std::to_string(k + 1);
    if (!info.description.empty()) {
      fits_modify_comment(file_->fits, keyword.c_str(), info.description.c_str(),
                          &status);
    }
    if (info.type == ElementType::text || info.row_shape.size() < 2) continue;
    std::vector<long> axes(info.row_shape.rbegin(), info.row_shape.rend());
    fits_write_tdim(file_->fits, static_cast<int>(k) + 1, static_cast<int>(axes.size()),
                    axes.data(), &status);
  }
  check(status, "fits_create_tbl", "HDU " + name);
  write_cards(file_->fits, cards, name);
  for (std::size_t k = 0; k < table.size(); ++k) {
    write_column(file_->fits, static_cast<int>(k) + 1, table[k]);
  }
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
