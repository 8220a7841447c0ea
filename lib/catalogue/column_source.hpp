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

/// What a file says of a column besides its name.
struct ColumnFacts {
  std::string unit;               ///< as it is written; "" where none is stated
  bool single_precision = false;  ///< 24 bits: 7 digits
};

/// A column that is not read, for want of one number in each row.
struct UnreadColumn {
  std::string name;
  std::string holds;  ///< "text", "3 numbers in each row"
};

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
  /// Of one of columns().
  virtual ColumnFacts facts(const std::string& /*column*/) const { return {}; }
  /// The file's columns that are not among columns().
  virtual std::vector<UnreadColumn> unread() const { return {}; }
  /// What is wrong with columns as such, one sentence each; `validate_file` reports it.
  virtual std::vector<std::string> problems() const { return {}; }
  /// Rows [first, first + count) of the named columns, in that order. Each is of type
  /// int64 (integers in the file) or float64. Cells that are no numbers are NaN (int64:
  /// 0) and added to `bad`.
  /// \throws IoError when the file cannot be read.
  virtual Table read(std::int64_t first, std::int64_t count,
                     std::span<const std::string> columns,
                     std::vector<BadCell>& bad) const = 0;
  /// Where a row is, for messages: "row 17" (from 1); CSV: "line 19".
  virtual std::string where(std::int64_t row) const {
    return "row " + std::to_string(row + 1);
  }
};

/// A cell of a column that ColumnSource::read gave, as a real number.
double real_cell(const Column& column, std::size_t row);
/// The same as an integer; for a float64 column the value must be a checked integer.
std::int64_t whole_cell(const Column& column, std::size_t row);

}  // namespace lensmill::catalogue
