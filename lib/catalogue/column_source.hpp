#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/core/column.hpp"

namespace lensmill::catalogue {

/// A cell that could not be read as a number (text formats).
struct BadCell {
  std::int64_t row = 0;  ///< from 0
  std::string column;
  std::string reason;  ///< what is wrong with it, with its text
};

/// What a column's cells are.
enum class CellKind {
  any,  ///< text that is read as what is asked for (CSV)
  integer,
  floating,
  logical,
  text,
  other,  ///< complex numbers, bits, ...
};

/// What a file says of a column besides its name.
struct ColumnFacts {
  std::string unit;               ///< as it is written; "" where none is stated
  bool single_precision = false;  ///< 24 bits: 7 digits
  CellKind kind = CellKind::floating;
  std::size_t elements = 1;  ///< in each row
  /// Integers of which one stands for "undefined" (FITS's TNULL): `read` gives NaN for
  /// it, `read_stored` the integer.
  bool may_be_undefined = false;
};

/// "text", "5 numbers in each row": what is there where one number was expected.
std::string contents_of(const ColumnFacts& facts);

/// A column that is not read, for want of one number in each row.
struct UnreadColumn {
  std::string name;
  std::string holds;  ///< "text", "3 numbers in each row"
};

/// A logical cell that is neither true (1) nor false (0): FITS's undefined.
inline constexpr std::uint8_t undefined_logical = 255;

/// A file with a table in it, read by row ranges and never whole. Implemented by
/// CsvSource here and by adapters of lib/io's HDF5 and FITS tables.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  /// The file, for messages.
  virtual const std::string& path() const = 0;
  /// Names of the scalar numeric columns, in file order.
  virtual const std::vector<std::string>& columns() const = 0;
  virtual std::int64_t rows() const = 0;
  /// Of one of columns() or unread(), or of an element (`FLUX[2]`).
  virtual ColumnFacts facts(const std::string& /*column*/) const { return {}; }
  /// The file's columns that are not among columns().
  virtual std::vector<UnreadColumn> unread() const { return {}; }
  /// What is wrong with columns as such, one sentence each; `validate_file` reports it.
  virtual std::vector<std::string> problems() const { return {}; }
  /// Rows [first, first + count) of the named columns (elements, too), in that order.
  /// Each is of type int64 (integers in the file) or float64. Cells that are no numbers
  /// are NaN (int64: 0) and added to `bad`.
  /// \throws IoError when the file cannot be read.
  virtual Table read(std::int64_t first, std::int64_t count,
                     std::span<const std::string> columns,
                     std::vector<BadCell>& bad) const = 0;
  /// The cells of a column of text or integers, as text. \throws IoError, DataError
  virtual std::vector<std::string> read_texts(std::int64_t first, std::int64_t count,
                                              const std::string& column) const;
  /// How a column's cells are kept as they are, whatever they are: the type that
  /// contains them exactly, the shape of a row, the file's unit; logical ones are uint8
  /// (undefined_logical). May read the whole column. \throws DataError: no such type
  virtual ColumnInfo stored(const std::string& column) const;
  /// Rows of a column as `stored` (of any rank's source of this file) says.
  virtual Column read_stored(std::int64_t first, std::int64_t count,
                             const ColumnInfo& info) const;
  /// Where a row is, for messages: "row 17" (from 1); CSV: "line 19".
  virtual std::string where(std::int64_t row) const {
    return "row " + std::to_string(row + 1);
  }
  /// Where one of columns() comes from, for messages: " (column `Q`)", or "".
  virtual std::string origin(const std::string& /*column*/) const { return {}; }
};

/// The names of all columns of the file.
std::vector<std::string> all_columns(const ColumnSource& source);
/// The file's spelling of a column (or of an element of one): as it is written, else
/// the only one that differs by its case alone; "" if there is none.
std::string spelling_of(const ColumnSource& source, const std::string& name);
/// "FILE: has no column `shape_qq`; did you mean `shape_q`?", else with all names.
std::string no_such_column(const ColumnSource& source, const std::string& name);
/// Why the column's cells are not one number in each row, and what to write; "" if they
/// are. \pre a spelling of the file
std::string not_numbers(const ColumnSource& source, const std::string& name);

/// A cell of a column that ColumnSource::read gave, as a real number.
double real_cell(const Column& column, std::size_t row);
/// The same as an integer; for a float64 column the value must be a checked integer.
std::int64_t whole_cell(const Column& column, std::size_t row);
/// The text in a row of a column of type `text`.
std::string text_cell(const Column& column, std::size_t row);

}  // namespace lensmill::catalogue
