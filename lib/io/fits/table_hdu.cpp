#include "lib/io/fits/table_hdu.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/fits/check.hpp"
#include "lib/io/fits/open_file.hpp"
#include "lib/io/fits/whole_column.hpp"

namespace lensmill::io::fits {
namespace {

/// More axes than any TDIM in use.
constexpr int max_axes = 16;

ColumnKind kind_of(int type_code) {
  switch (type_code) {
    case TBYTE:
    case TSBYTE:
    case TSHORT:
    case TUSHORT:
    case TINT:
    case TUINT:
    case TLONG:
    case TULONG:
    case TLONGLONG:
    case TULONGLONG: return ColumnKind::integer;
    case TFLOAT:
    case TDOUBLE: return ColumnKind::floating;
    case TLOGICAL: return ColumnKind::logical;
    case TSTRING: return ColumnKind::string;
    default: return ColumnKind::other;
  }
}

std::optional<ElementType> element_type_of(int type_code) {
  switch (type_code) {
    case TBYTE:
    case TLOGICAL: return ElementType::uint8;
    case TSBYTE:
    case TSHORT: return ElementType::int16;
    case TUSHORT:
    case TINT:
    case TLONG: return ElementType::int32;  // 32 bits in a file
    case TUINT:
    case TULONG:
    case TLONGLONG: return ElementType::int64;
    case TULONGLONG: return ElementType::uint64;
    case TFLOAT: return ElementType::float32;
    case TDOUBLE: return ElementType::float64;
    case TSTRING: return ElementType::text;
    default: return std::nullopt;
  }
}

/// CFITSIO's code of a type in memory.
int memory_code(ElementType type) {
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

std::vector<std::size_t> row_shape(fitsfile* fits, int number, std::size_t elements,
                                   const std::string& place) {
  if (elements == 1) return {};
  std::array<LONGLONG, max_axes> extents{};
  int axes = 0;
  int status = 0;
  fits_read_tdimll(fits, number, max_axes, &axes, extents.data(), &status);
  check(status, "fits_read_tdim", place);
  std::vector<std::size_t> shape;
  std::size_t product = 1;
  for (int axis = std::min(axes, max_axes) - 1; axis >= 0; --axis) {
    shape.push_back(static_cast<std::size_t>(extents[std::size_t(axis)]));
    product *= shape.back();
  }
  // A TDIM that contradicts TFORM is ignored.
  return product == elements ? shape : std::vector<std::size_t>{elements};
}

}  // namespace

std::string_view to_string(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::integer: return "integers";
    case ColumnKind::floating: return "floating-point numbers";
    case ColumnKind::logical: return "logical values";
    case ColumnKind::string: return "strings";
    case ColumnKind::other: return "neither numbers nor strings";
  }
  return "unknown";
}

TableHdu::TableHdu(std::shared_ptr<OpenFile> file, int index)
    : Hdu(std::move(file), index) {
  fitsfile* fits = as_fits(handle());
  int status = 0;
  int type = 0;
  fits_get_hdu_type(fits, &type, &status);
  check(status, "fits_get_hdu_type", place());
  if (type != BINARY_TBL && type != ASCII_TBL) {
    throw DataError(place() + ": is an image, not a table");
  }
  LONGLONG rows = 0;
  int count = 0;
  fits_get_num_rowsll(fits, &rows, &status);
  fits_get_num_cols(fits, &count, &status);
  check(status, "fits_get_num_rows", place());
  rows_ = rows;
  // As Hdu's check, which a product of NAXIS1 and NAXIS2 beyond 64 bits gets past.
  const LONGLONG row_bytes = fits->Fptr->rowlength;
  if (rows < 0 || row_bytes < 0 ||
      (row_bytes > 0 && rows > fits->Fptr->filesize / row_bytes) ||
      (row_bytes == 0 && rows > 0)) {
    throw DataError(
        fmt::format("{}: truncated file ({} rows of {} bytes in a file of {} bytes)",
                    place(), rows, row_bytes, fits->Fptr->filesize));
  }
  is_ascii_ = type == ASCII_TBL;
  for (int column = 0; column < count; ++column) {
    columns_.push_back(described(column));
  }
}

ColumnDescription TableHdu::described(int index) const {
  fitsfile* fits = as_fits(handle());
  const int number = index + 1;
  int status = 0;
  const auto card = [&](const char* root) {
    char key[FLEN_KEYWORD] = "";
    fits_make_keyn(root, number, key, &status);
    check(status, "fits_make_keyn", place());
    return find_string(key);
  };
  int type_code = 0;
  int stored_code = 0;  // before TSCAL and TZERO
  LONGLONG repeat = 0;
  LONGLONG width = 0;
  // Not without repeat and width: of an ASCII table CFITSIO writes them unasked.
  fits_get_coltypell(fits, number, &stored_code, &repeat, &width, &status);
  check(status, "fits_get_coltype", place());
  fits_get_eqcoltypell(fits, number, &type_code, &repeat, &width, &status);
  check(status, "fits_get_eqcoltype", place());
  ColumnDescription column;
  column.name = card("TTYPE").value_or(fmt::format("col{}", number));
  column.unit = card("TUNIT").value_or("");
  const auto undefined = card("TNULL");
  column.may_be_undefined = undefined.has_value();
  column.undefined = undefined.value_or("");
  column.element_type = element_type_of(type_code);
  column.kind = kind_of(type_code);
  column.single_precision = stored_code == TFLOAT && !is_ascii_;
  if (stored_code == TLONGLONG ||
      (is_ascii_ && kind_of(stored_code) == ColumnKind::integer)) {
    const auto scale =
        whole_scale(card("TSCAL").value_or(""), card("TZERO").value_or(""));
    if (scale && (is_ascii_ || !scale->is_identity())) {
      column.whole_scale = scale;
      column.kind = ColumnKind::integer;
      column.element_type = ElementType::int64;
    }
  }
  // Digits say nothing of the precision that F12.4 or E25.17 was written from.
  if (is_ascii_ && column.kind == ColumnKind::floating) {
    column.element_type = ElementType::float64;
  }
  const auto bytes = static_cast<std::size_t>(std::max<LONGLONG>(width, 1));
  auto elements = static_cast<std::size_t>(is_ascii_ ? 1 : repeat);
  if (column.kind == ColumnKind::string && !is_ascii_) elements /= bytes;
  column.row_shape = column.kind == ColumnKind::string && elements <= 1
                         ? std::vector<std::size_t>{}
                         : row_shape(fits, number, elements, place());
  column.text_bytes = bytes;
  return column;
}

std::vector<std::size_t> TableHdu::find(std::string_view name) const {
  const std::string wanted(name);
  std::vector<std::size_t> same;
  std::vector<std::size_t> any_case;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == wanted) same.push_back(i);
    if (strcasecmp(columns_[i].name.c_str(), wanted.c_str()) == 0) {
      any_case.push_back(i);
    }
  }
  return same.empty() ? any_case : same;
}

std::size_t TableHdu::index_of(std::string_view name) const {
  const auto found = find(name);
  if (found.size() == 1) return found.front();
  std::vector<std::string_view> names;
  for (const auto& column : columns_) names.push_back(column.name);
  if (found.empty()) {
    throw DataError(fmt::format("{}: no column {} (it has: {})", place(), name,
                                fmt::join(names, ", ")));
  }
  std::vector<std::string> fitting;
  for (const auto i : found) {
    fitting.push_back(fmt::format("{} (TTYPE{})", columns_[i].name, i + 1));
  }
  throw DataError(fmt::format(
      "{}: the column {} may be any of {}; {}", place(), name, fmt::join(fitting, ", "),
      columns_[found.front()].name == name ? "give them different names"
                                           : "write the name as one of them"));
}

void TableHdu::check_rows(std::string_view name, std::int64_t first,
                          std::int64_t count) const {
  if (first < 0 || count < 0 || first > rows_ || count > rows_ - first) {
    throw DataError(fmt::format("{}, column {}: rows {} to {} asked for of {}", place(),
                                name, first, first + count, rows_));
  }
}

void TableHdu::wrong_kind(const ColumnDescription& column,
                          std::string_view wanted) const {
  throw DataError(fmt::format("{}, column {}: contains {}, not {}", place(),
                              column.name, to_string(column.kind), wanted));
}

std::vector<double> TableHdu::read_doubles(std::string_view name, std::int64_t first,
                                           std::int64_t count) const {
  const std::size_t index = index_of(name);
  const auto& column = columns_[index];
  if (column.kind != ColumnKind::integer && column.kind != ColumnKind::floating) {
    wrong_kind(column, "numbers");
  }
  check_rows(name, first, count);
  std::vector<double> values(static_cast<std::size_t>(count) * column.row_elements());
  if (values.empty()) return values;
  if (is_ascii_ && !column.may_be_undefined) {
    refuse_blank_cells(ascii_cells(index, first, count), first,
                       place() + ", column " + column.name);
  }
  double undefined = std::numeric_limits<double>::quiet_NaN();
  int any_undefined = 0;
  int status = 0;
  fits_read_col(as_fits(handle()), TDOUBLE, static_cast<int>(index) + 1, first + 1, 1,
                static_cast<LONGLONG>(values.size()), &undefined, values.data(),
                &any_undefined, &status);
  check(status, "fits_read_col", place() + ", column " + column.name);
  return values;
}

std::vector<std::int64_t> TableHdu::read_integers(std::string_view name,
                                                  std::int64_t first,
                                                  std::int64_t count) const {
  const std::size_t index = index_of(name);
  const auto& column = columns_[index];
  if (column.kind != ColumnKind::integer) wrong_kind(column, "integers");
  check_rows(name, first, count);
  std::vector<std::int64_t> values(static_cast<std::size_t>(count) *
                                   column.row_elements());
  if (values.empty()) return values;
  if (column.whole_scale) return read_whole(index, first, count);
  static_assert(sizeof(LONGLONG) == sizeof(std::int64_t));
  int any_undefined = 0;
  int status = 0;
  fits_read_col(as_fits(handle()), TLONGLONG, static_cast<int>(index) + 1, first + 1, 1,
                static_cast<LONGLONG>(values.size()), nullptr, values.data(),
                &any_undefined, &status);
  check(status, "fits_read_col", place() + ", column " + column.name);
  return values;
}

std::vector<std::string> TableHdu::ascii_cells(std::size_t index, std::int64_t first,
                                               std::int64_t count) const {
  fitsfile* fits = as_fits(handle());
  const auto& column = columns_[index];
  long begin = 0;
  int status = 0;
  fits_get_acolparms(fits, static_cast<int>(index) + 1, nullptr, &begin, nullptr,
                     nullptr, nullptr, nullptr, nullptr, nullptr, &status);
  check(status, "fits_get_acolparms", place() + ", column " + column.name);
  std::vector<std::string> cells;
  std::string cell(column.text_bytes, ' ');
  for (std::int64_t row = first; row < first + count; ++row) {
    fits_read_tblbytes(fits, row + 1, begin, static_cast<LONGLONG>(cell.size()),
                       reinterpret_cast<unsigned char*>(cell.data()), &status);
    check(status, "fits_read_tblbytes", place() + ", column " + column.name);
    const auto start = cell.find_first_not_of(' ');
    cells.push_back(start == std::string::npos
                        ? std::string()
                        : cell.substr(start, cell.find_last_not_of(' ') - start + 1));
  }
  return cells;
}

/// Without CFITSIO's arithmetic, which is that of doubles.
std::vector<std::int64_t> TableHdu::read_whole(std::size_t index, std::int64_t first,
                                               std::int64_t count) const {
  const auto& column = columns_[index];
  const std::string where = place() + ", column " + column.name;
  std::vector<std::int64_t> values;
  if (is_ascii_) {
    values = whole_cells(ascii_cells(index, first, count), first, where);
  } else {
    fitsfile* fits = as_fits(handle());
    const int number = static_cast<int>(index) + 1;
    values.resize(static_cast<std::size_t>(count) * column.row_elements());
    int any_undefined = 0;
    int status = 0;
    fits_set_tscale(fits, number, 1.0, 0.0, &status);
    fits_read_col(fits, TLONGLONG, number, first + 1, 1,
                  static_cast<LONGLONG>(values.size()), nullptr, values.data(),
                  &any_undefined, &status);
    int restored = 0;
    fits_set_tscale(fits, number, static_cast<double>(column.whole_scale->scale),
                    static_cast<double>(column.whole_scale->zero), &restored);
    check(status, "fits_read_col", where);
    check(restored, "fits_set_tscale", where);
  }
  apply_scale(*column.whole_scale, column.row_elements(), first, where, values);
  return values;
}

std::vector<std::string> TableHdu::read_strings(std::string_view name,
                                                std::int64_t first,
                                                std::int64_t count) const {
  const std::size_t index = index_of(name);
  const auto& column = columns_[index];
  if (column.kind != ColumnKind::string) wrong_kind(column, "strings");
  check_rows(name, first, count);
  const std::size_t total = static_cast<std::size_t>(count) * column.row_elements();
  const std::size_t stride = column.text_bytes + 1;
  std::vector<char> text(total * stride, '\0');
  std::vector<char*> pointers(total);
  for (std::size_t i = 0; i < total; ++i) pointers[i] = text.data() + i * stride;
  if (total == 0) return {};
  int any_undefined = 0;
  int status = 0;
  fits_read_col(as_fits(handle()), TSTRING, static_cast<int>(index) + 1, first + 1, 1,
                static_cast<LONGLONG>(total), nullptr, pointers.data(), &any_undefined,
                &status);
  check(status, "fits_read_col", place() + ", column " + column.name);
  std::vector<std::string> values(pointers.begin(), pointers.end());
  for (auto& value : values) value.erase(value.find_last_not_of(' ') + 1);
  return values;
}

void TableHdu::read_raw(std::string_view name, std::int64_t first, std::int64_t count,
                        void* out) const {
  const std::size_t index = index_of(name);
  const auto& column = columns_[index];
  if (!column.element_type) wrong_kind(column, "numbers, logical values or strings");
  check_rows(name, first, count);
  const auto total = static_cast<std::size_t>(count) * column.row_elements();
  if (total == 0) return;
  if (*column.element_type == ElementType::text) {
    auto* bytes = static_cast<char*>(out);
    std::fill_n(bytes, total * column.text_bytes, '\0');
    for (const auto& text : read_strings(name, first, count)) {
      std::ranges::copy(text, bytes);
      bytes += column.text_bytes;
    }
    return;
  }
  if (column.whole_scale) {
    std::ranges::copy(read_whole(index, first, count), static_cast<std::int64_t*>(out));
    return;
  }
  const bool logical = column.kind == ColumnKind::logical;
  auto undefined = static_cast<char>(255);
  int any_undefined = 0;
  int status = 0;
  fits_read_col(as_fits(handle()),
                logical ? TLOGICAL : memory_code(*column.element_type),
                static_cast<int>(index) + 1, first + 1, 1, static_cast<LONGLONG>(total),
                logical ? &undefined : nullptr, out, &any_undefined, &status);
  check(status, "fits_read_col", place() + ", column " + column.name);
}

}  // namespace lensmill::io::fits
