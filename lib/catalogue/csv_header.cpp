#include "lib/catalogue/csv_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string_view>

#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

/// A table with other separators is one column with a strange name.
void refuse_other_separators(std::string_view header, const std::string& place) {
  if (header.find(',') != std::string_view::npos) return;
  const auto inner = header.find_last_not_of(" \t");
  const auto first = header.find_first_not_of(" \t");
  const auto at = header.find_first_of("\t;| ", first);
  if (at == std::string_view::npos || at > inner || header.find('"') != header.npos) {
    return;
  }
  const std::string_view separator = header.find('\t') != header.npos  ? "tabs"
                                     : header.find(';') != header.npos ? "semicolons"
                                     : header.find('|') != header.npos ? "bars (|)"
                                                                       : "blanks";
  throw DataError(fmt::format(
      "{}: the header's names are separated by {}, but commas are needed (astropy: "
      "write(..., format='ascii.ecsv', delimiter=','); or `tr`, where no cell contains "
      "a "
      "comma)",
      place, separator));
}

/// Where a header is commented out, the first row stands in its place.
void refuse_numbers_as_names(const std::vector<std::string_view>& names,
                             const std::string& place) {
  const auto is_number = [](std::string_view name) {
    double value = 0.0;
    const char* end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data(), end, value);
    return error == std::errc{} && at == end;
  };
  if (!std::ranges::all_of(names, is_number)) return;
  throw DataError(fmt::format(
      "{}: contains numbers where the header's column names are needed (a line "
      "that starts with # is a comment, a header too)",
      place));
}

}  // namespace

void refuse_other_formats(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError(fmt::format("{}: cannot open this file", path));
  std::array<char, 9> buffer{};
  file.read(buffer.data(), buffer.size());
  const std::string_view head(buffer.data(), static_cast<std::size_t>(file.gcount()));
  const char* kind = head.starts_with("SIMPLE  =")           ? "FITS"
                     : head.starts_with("\x89HDF\r\n\x1a\n") ? "HDF5"
                     : head.starts_with("\x1f\x8b")          ? "gzip"
                     : head.starts_with("PK\x03\x04")        ? "zip (a spreadsheet?)"
                     : head.starts_with("<VOTABLE") || head.starts_with("<?xml")
                         ? "XML (a VOTable?)"
                         : nullptr;
  if (kind == nullptr) return;
  throw DataError(fmt::format(
      "{}: is a file in {}, but comma-separated text is needed here (astropy: "
      "Table.read(...).write('table.csv'))",
      path, kind));
}

std::vector<std::string> read_csv_header(CsvRecords& records, const std::string& path) {
  std::string record;
  if (!records.next(record)) {
    throw DataError(fmt::format(
        "{}: is empty (a catalogue needs a header line of column names)", path));
  }
  const std::string place = fmt::format("{} line {}", path, records.line());
  refuse_other_separators(record, place);
  std::vector<std::string_view> cells;
  split_cells(record, cells);
  refuse_numbers_as_names(cells, place);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) {
      throw DataError(fmt::format("{}: column {} has no name", place, i + 1));
    }
    if (std::find(names.begin(), names.end(), cells[i]) != names.end()) {
      throw DataError(fmt::format("{}: column `{}` is there twice", place, cells[i]));
    }
    names.emplace_back(cells[i]);
  }
  return names;
}

}  // namespace lensmill::catalogue
