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

/// What separates the header's names, by what is outside of quotes.
char separator_of(std::string_view header, const std::string& place) {
  std::string bare;
  bool quoted = false;
  for (const char c : header) {
    if (c == '"') quoted = !quoted;
    if (!quoted) bare += c;
  }
  const auto begin = bare.find_first_not_of(" \t");
  const auto end = bare.find_last_not_of(" \t");
  if (begin == std::string::npos) return ',';
  bare = bare.substr(begin, end - begin + 1);
  const auto has = [&](char c) { return bare.find(c) != std::string::npos; };
  if (has(',') && (has(';') || has('|'))) {
    throw DataError(fmt::format(
        "{}: the header has commas and {}: which of them separates its columns? Put "
        "names that contain one of them in quotes (\")",
        place, has(';') ? "semicolons" : "bars (|)"));
  }
  for (const char c : {',', ';', '|'}) {
    if (has(c)) return c;
  }
  // Columns that are aligned by tabs and blanks are separated by either.
  if (has('\t') && !has(' ')) return '\t';
  return has('\t') || has(' ') ? blanks : ',';
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
  if (head.starts_with("PAR1")) {
    throw DataError(fmt::format(
        "{}: is a Parquet file, which is not read directly; make an HDF5 file of it: "
        "python3 -m lensmill table-to-hdf5 {} {}.h5",
        path, path,
        path.ends_with(".parquet") ? path.substr(0, path.size() - 8) : path));
  }
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

CsvHeader read_csv_header(CsvRecords& records, const std::string& path) {
  std::string record;
  if (!records.next(record)) {
    throw DataError(fmt::format(
        "{}: is empty (a catalogue needs a header line of column names)", path));
  }
  const std::string place = fmt::format("{} line {}", path, records.line());
  CsvHeader header{.names = {}, .separator = separator_of(record, place)};
  std::vector<std::string_view> cells;
  split_cells(record, header.separator, cells);
  refuse_numbers_as_names(cells, place);
  auto& names = header.names;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) {
      throw DataError(fmt::format("{}: column {} has no name", place, i + 1));
    }
    if (std::find(names.begin(), names.end(), cells[i]) != names.end()) {
      throw DataError(fmt::format("{}: column `{}` is there twice", place, cells[i]));
    }
    names.emplace_back(cells[i]);
  }
  return header;
}

}  // namespace lensmill::catalogue
