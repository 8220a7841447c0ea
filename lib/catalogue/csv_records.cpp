#include "lib/catalogue/csv_records.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

// A longer record is an open quote that swallows the file, not a row of numbers.
constexpr std::size_t longest_record_bytes = std::size_t{1} << 20;

bool has_open_quote(std::string_view text) {
  return std::count(text.begin(), text.end(), '"') % 2 == 1;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

CsvRecords::CsvRecords(const std::string& path, std::int64_t offset, std::int64_t line)
    : path_(path),
      file_(path, std::ios::binary),
      buffer_(longest_record_bytes + 1),
      offset_(offset),
      line_(line) {
  if (!file_) throw IoError(fmt::format("{}: cannot open this file", path));
  file_.seekg(offset);
}

bool CsvRecords::next_line(std::string& line) {
  // A file may be one line without an end (/dev/zero is): no more than the buffer of
  // it.
  file_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  if (file_.bad()) throw IoError(fmt::format("{}: reading failed", path_));
  auto length = static_cast<std::size_t>(file_.gcount());
  if (file_.fail() && length == 0) return false;
  const bool whole = !file_.fail();
  const bool ended = whole && !file_.eof();
  line.assign(buffer_.data(), length - (ended ? 1 : 0));
  if (line.find('\0') != std::string::npos) {
    throw DataError(
        fmt::format("{} line {}: contains a byte 0: not a text file (a table in "
                    "comma-separated text is "
                    "needed here)",
                    path_, line_));
  }
  if (!whole) {
    throw DataError(
        fmt::format("{} line {}: is longer than {} bytes: no line of a table", path_,
                    line_, longest_record_bytes));
  }
  const bool first = offset_ == 0;
  offset_ += static_cast<std::int64_t>(length);
  ++line_;
  if (first && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // byte order mark
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

bool CsvRecords::next_comment(std::string& line) {
  if (file_.peek() != '#') return false;
  return next_line(line);
}

bool CsvRecords::next(std::string& record) {
  do {
    record_offset_ = offset_;
    record_line_ = line_;
    if (!next_line(record)) return false;
  } while (record.starts_with('#') ||
           std::all_of(record.begin(), record.end(), is_blank));
  while (has_open_quote(record)) {
    const bool more = record.size() < longest_record_bytes && next_line(text_);
    if (!more) {
      throw DataError(
          fmt::format("{} line {}: a quote (\") is never closed (within {} bytes)",
                      path_, record_line_, longest_record_bytes));
    }
    record += '\n';
    record += text_;
  }
  return true;
}

void split_cells(std::string& record, char separator,
                 std::vector<std::string_view>& cells) {
  // A tab that separates is no blank around a cell.
  const auto is_dropped = [&](char c) {
    return is_blank(c) && !(separator == '\t' && c == '\t');
  };
  const auto next_separator = [&](std::size_t from) {
    const auto end = separator == blanks ? record.find_first_of(" \t", from)
                                         : record.find(separator, from);
    return std::min(end, record.size());
  };
  cells.clear();
  std::size_t at = 0;
  while (true) {
    while (at < record.size() && is_dropped(record[at])) ++at;
    // Blanks at the end separate nothing.
    if (separator == blanks && at == record.size() && !cells.empty()) return;
    if (at < record.size() && record[at] == '"') {
      const std::size_t begin = ++at;
      std::size_t end = begin;
      for (; at < record.size(); ++at) {
        if (record[at] == '"') {
          if (at + 1 == record.size() || record[at + 1] != '"') break;
          ++at;
        }
        record[end++] = record[at];
      }
      cells.push_back(std::string_view(record).substr(begin, end - begin));
      at = next_separator(std::min(at, record.size()));
    } else {
      const std::size_t next = next_separator(at);
      std::size_t end = next;
      while (end > at && is_dropped(record[end - 1])) --end;
      cells.push_back(std::string_view(record).substr(at, end - at));
      at = next;
    }
    if (at == record.size()) return;
    ++at;
  }
}

}  // namespace lensmill::catalogue
