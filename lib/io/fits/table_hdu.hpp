#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/io/fits/hdu.hpp"
#include "lib/io/fits/whole_column.hpp"

namespace lensmill::io::fits {

/// What a column's cells are.
enum class ColumnKind {
  integer,
  floating,
  logical,
  string,
  other,  ///< bits, complex numbers, arrays of variable length
};
/// "integers", "strings", for messages.
std::string_view to_string(ColumnKind kind);

struct ColumnDescription {
  std::string name;  ///< as in the file
  std::string unit;
  ColumnKind kind = ColumnKind::other;
  /// Whether the file declares a value (TNULL) that stands for "undefined": then only
  /// read_doubles distinguishes such cells.
  bool may_be_undefined = false;
  bool single_precision = false;  ///< stored as 32-bit floating-point numbers
  /// The type that contains all values, TSCAL and TZERO applied: uint8 of logical ones,
  /// `text` of strings; none of kind `other`.
  std::optional<ElementType> element_type;
  std::size_t text_bytes = 0;  ///< of one string
  std::string undefined;       ///< TNULL as it is written; "" without
  /// Of integers that this class scales by itself, in integers, rather than CFITSIO.
  std::optional<WholeScale> whole_scale;
  /// Elements per row, as stored: fastest axis *last*. {} for a scalar.
  std::vector<std::size_t> row_shape;

  std::size_t row_elements() const {
    std::size_t n = 1;
    for (const auto extent : row_shape) n *= extent;
    return n;
  }
};

/// A binary or ASCII table, read by row ranges, counted from 0. Column names match as
/// written, else whatever their case; one that fits several columns is refused. Values
/// come with TSCAL and TZERO applied, those of integers without rounding.
class TableHdu : public Hdu {
 public:
  /// \throws DataError if the HDU is not a table
  TableHdu(std::shared_ptr<OpenFile> file, int index);

  std::int64_t rows() const { return rows_; }
  const std::vector<ColumnDescription>& columns() const { return columns_; }
  bool has(std::string_view name) const { return !find(name).empty(); }
  /// \throws DataError if there is no such column, or several
  const ColumnDescription& column(std::string_view name) const {
    return columns_[index_of(name)];
  }

  /// Rows [first, first + count), row after row (array columns: all elements of a row
  /// together). \throws DataError for a missing column, one of another kind, or rows
  /// that are not there; IoError
  ///@{
  /// Integer and floating columns; undefined values (TNULL) are NaN.
  std::vector<double> read_doubles(std::string_view name, std::int64_t first,
                                   std::int64_t count) const;
  /// Integer columns only; undefined values come as TNULL's number.
  std::vector<std::int64_t> read_integers(std::string_view name, std::int64_t first,
                                          std::int64_t count) const;
  /// String columns; trailing blanks are not significant and cut off.
  std::vector<std::string> read_strings(std::string_view name, std::int64_t first,
                                        std::int64_t count) const;
  /// One element (or string) of every row and all axes as bytes of the column's
  /// element_type; undefined logical values are 255, undefined integers TNULL's number.
  void read_raw(std::string_view name, std::int64_t first, std::int64_t count,
                void* out) const;
  ///@}

 private:
  /// Columns of this very name, else those that differ from it by case alone.
  std::vector<std::size_t> find(std::string_view name) const;
  std::size_t index_of(std::string_view name) const;
  void check_rows(std::string_view name, std::int64_t first, std::int64_t count) const;
  /// Column `index` (from 0) as the file describes it.
  ColumnDescription described(int index) const;
  /// A column of an ASCII table, as its bytes without outer blanks.
  std::vector<std::string> ascii_cells(std::size_t index, std::int64_t first,
                                       std::int64_t count) const;
  std::vector<std::int64_t> read_whole(std::size_t index, std::int64_t first,
                                       std::int64_t count) const;
  [[noreturn]] void wrong_kind(const ColumnDescription& column,
                               std::string_view wanted) const;

  std::int64_t rows_ = 0;
  bool is_ascii_ = false;
  std::vector<ColumnDescription> columns_;
};

}  // namespace lensmill::io::fits
