#include "lib/catalogue/sextractor_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "lib/catalogue/csv_records.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

struct Line {
  std::size_t number = 0;
  std::string name;
  std::string unit;
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// "#   4 X_IMAGE   Object position along x   [pixel]"
std::optional<Line> parsed(std::string_view comment) {
  auto rest = trimmed(comment.substr(1));
  Line line;
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), line.number);
  if (error != std::errc{} || line.number == 0) return std::nullopt;
  const auto after = rest.substr(static_cast<std::size_t>(end - rest.data()));
  rest = trimmed(after);
  if (rest.empty() || rest.size() == after.size()) return std::nullopt;
  line.name = rest.substr(0, rest.find_first_of(" \t"));
  const auto open = rest.rfind('[');
  if (rest.ends_with(']') && open != std::string_view::npos) {
    line.unit = rest.substr(open + 1, rest.size() - open - 2);
  }
  return line;
}

bool is_number(std::string_view cell) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  double value = 0.0;
  const char* end = cell.data() + cell.size();
  const auto [at, error] = std::from_chars(cell.data(), end, value);
  return error == std::errc{} && at == end;
}

}  // namespace

std::optional<SextractorHeader> sextractor_header(const std::string& path) {
  CsvRecords records(path);
  std::string text;
  std::vector<Line> lines;
  while (records.next_comment(text)) {
    auto line = parsed(text);
    if (lines.empty() && (!line || line->number != 1)) return std::nullopt;
    if (line) lines.push_back(std::move(*line));
  }
  if (lines.empty()) return std::nullopt;
  std::vector<std::string_view> cells;
  if (records.next(text)) {
    split_cells(text, blanks, cells);
    if (!is_number(cells.front())) return std::nullopt;
  }
  SextractorHeader header;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    const auto& [number, name, unit] = lines[k];
    // The last column has what is left of the cells.
    const std::size_t next =
        k + 1 < lines.size() ? lines[k + 1].number : std::max(cells.size(), number) + 1;
    if (next <= number) {
      throw DataError(
          fmt::format("{}: columns {} and {} of its header ({}, {}) do not ascend",
                      path, number, next, name, lines[k + 1].name));
    }
    for (std::size_t element = 0; element < next - number; ++element) {
      const auto full = element == 0 ? name : fmt::format("{}_{}", name, element);
      if (std::ranges::find(header.names, full) != header.names.end()) {
        throw DataError(fmt::format("{}: column `{}` is there twice", path, full));
      }
      header.names.push_back(full);
      if (!unit.empty()) header.units[full] = unit;
    }
  }
  return header;
}

}  // namespace lensmill::catalogue
