#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"
#include "lib/catalogue/csv_records.hpp"

namespace lensmill::catalogue {

/// Where the blocks of rows start in a CSV file: built in one scan by one rank, plain
/// numbers to broadcast. Layout: {rows, rows per block, then per block its byte offset
/// and line number}.
using CsvIndex = std::vector<std::int64_t>;

/// A table in text, separated by commas, tabs, semicolons, bars or blanks: RFC 4180
/// quoting, a header line, lines that start with '#' and empty lines skipped, LF or
/// CRLF, blanks around cells ignored, UTF-8 BOM allowed; or a catalogue of SExtractor,
/// whose names and units stand in comments (ASCII_HEAD). Units are known there, and
/// where the file is ECSV. Memory: one block.
class CsvSource final : public ColumnSource {
 public:
  /// Scans the file once (no cell is parsed) and remembers where blocks start.
  /// \throws IoError when it cannot be opened or read; DataError: not text, no header
  ///   line, an unterminated quote, an empty or repeated column name.
  explicit CsvSource(std::string path);
  /// Opens with an index that another rank made of the same file.
  CsvSource(std::string path, CsvIndex index);

  const CsvIndex& index() const { return index_; }
  const std::string& path() const override { return path_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::int64_t rows() const override { return index_[0]; }
  ColumnFacts facts(const std::string& column) const override;
  Table read(std::int64_t first, std::int64_t count,
             std::span<const std::string> columns,
             std::vector<BadCell>& bad) const override;
  std::vector<std::string> read_texts(std::int64_t first, std::int64_t count,
                                      const std::string& column) const override;
  /// int64, uint64, float64 or text, whatever contains all cells exactly. Reads them.
  ColumnInfo stored(const std::string& column) const override;
  Column read_stored(std::int64_t first, std::int64_t count,
                     const ColumnInfo& info) const override;
  std::string where(std::int64_t row) const override;

 private:
  void read_header(CsvRecords& records);
  std::size_t position_of(const std::string& column) const;
  /// Calls visit(row, cells) for rows [first, first + count).
  template <class Visit>
  void for_rows(std::int64_t first, std::int64_t count, Visit&& visit) const;

  std::string path_;
  std::vector<std::string> columns_;
  char separator_ = ',';
  std::map<std::string, std::string> units_;
  CsvIndex index_;
};

}  // namespace lensmill::catalogue
