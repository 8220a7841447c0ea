#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace lensmill::catalogue {

/// The records (logical lines) of a CSV file one after the other; comments and empty
/// lines are passed over. A quoted cell may hold line ends.
class CsvRecords {
 public:
  /// Starts at a byte offset, which is the beginning of line `line`.
  /// \throws IoError when the file cannot be opened
  explicit CsvRecords(const std::string& path, std::int64_t offset = 0,
                      std::int64_t line = 1);

  /// The next record without its line end; false at the end of the file.
  /// \throws IoError when reading fails; DataError for a quote that never closes, a
  ///   record longer than 1 MiB, a byte 0
  bool next(std::string& record);
  /// The next line if it is a comment; false where the comments end.
  bool next_comment(std::string& line);
  /// Byte offset and first line (from 1) of the record that next() gave.
  std::int64_t offset() const { return record_offset_; }
  std::int64_t line() const { return record_line_; }

 private:
  bool next_line(std::string& line);

  std::string path_;
  std::ifstream file_;
  std::vector<char> buffer_;  ///< of one line, the longest there may be
  std::string text_;          ///< one line, reused
  std::int64_t offset_;
  std::int64_t line_;
  std::int64_t record_offset_ = 0;
  std::int64_t record_line_ = 0;
};

/// The separator of tables in columns of text: any number of blanks and tabs.
inline constexpr char blanks = ' ';

/// The cells of a record: RFC 4180 quoting, blanks around cells dropped. Views into the
/// record, which is changed in place where quotes are doubled.
/// \param separator a comma, semicolon, bar, tab, or `blanks`
void split_cells(std::string& record, char separator,
                 std::vector<std::string_view>& cells);

}  // namespace lensmill::catalogue
