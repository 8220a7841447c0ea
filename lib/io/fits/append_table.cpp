#include "lib/io/fits/append_table.hpp"

#include <cstddef>
#include <vector>

#include "lib/core/contracts.hpp"
#include "lib/io/fits/cards.hpp"
#include "lib/io/fits/check.hpp"

namespace lensmill::io::fits {
namespace {

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

/// \param number from 1
void write_column(fitsfile* fits, int number, const Column& column) {
  int status = 0;
  const auto form = form_of(column.info().type);
  const auto rows = column.rows();
  if (form.type != TSTRING) {
    // CFITSIO's argument is not const.
    std::vector<std::byte> values(column.bytes().begin(), column.bytes().end());
    const std::size_t elements = rows * column.info().row_elements();
    fits_write_col(fits, form.type, number, 1, 1, static_cast<LONGLONG>(elements),
                   values.data(), &status);
  }
  for (std::size_t row = 0; row < rows && form.type == TSTRING; ++row) {
    const auto bytes = column.row<char>(row);
    std::string text(bytes.begin(), bytes.end());
    char* cell = text.data();
    fits_write_col(fits, TSTRING, number, static_cast<LONGLONG>(row) + 1, 1, 1, &cell,
                   &status);
  }
  check(status, "fits_write_col", "column " + column.info().name);
}

/// What CFITSIO's arrays of texts are.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size());
  for (auto& text : texts) result.push_back(text.data());
  return result;
}

}  // namespace

void append_table(fitsfile* fits, const std::string& name, const Table& table,
                  std::span<const Card> cards) {
  EXPECT(!table.empty());
  std::vector<std::string> names, forms, units;
  for (const auto& column : table) {
    EXPECT(column.rows() == table.front().rows());
    const auto& info = column.info();
    names.push_back(info.name);
    forms.push_back(std::to_string(info.row_elements()) + form_of(info.type).letter);
    units.push_back(info.unit);
  }
  int status = 0;
  fits_create_tbl(fits, BINARY_TBL, static_cast<LONGLONG>(table.front().rows()),
                  static_cast<int>(table.size()), pointers(names).data(),
                  pointers(forms).data(), pointers(units).data(), name.c_str(),
                  &status);
  for (std::size_t k = 0; k < table.size(); ++k) {
    const auto& info = table[k].info();
    const auto keyword = "TTYPE" + std::to_string(k + 1);
    if (!info.description.empty()) {
      fits_modify_comment(fits, keyword.c_str(), info.description.c_str(), &status);
    }
    if (info.type == ElementType::text || info.row_shape.size() < 2) continue;
    std::vector<long> axes(info.row_shape.rbegin(), info.row_shape.rend());
    fits_write_tdim(fits, static_cast<int>(k) + 1, static_cast<int>(axes.size()),
                    axes.data(), &status);
  }
  check(status, "fits_create_tbl", "HDU " + name);
  for (const auto& card : cards) {
    write_card(fits, card, &status);
    check(status, "fits_update_key", "HDU " + name + ", keyword " + card.keyword);
  }
  for (std::size_t k = 0; k < table.size(); ++k) {
    write_column(fits, static_cast<int>(k) + 1, table[k]);
  }
}

}  // namespace lensmill::io::fits
