#include "lib/catalogue/ecsv_units.hpp"

#include <optional>
#include <string_view>

#include "lib/catalogue/csv_records.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::string_view marker = "# %ECSV";

/// The value of `key` in a piece of the header's YAML, which is `{name: a, unit: b}` on
/// one line or a key a line; nothing if it has no such key.
std::optional<std::string> value_of(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos;
       at = text.find(key, at + 1)) {
    const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '{';
    auto rest = text.substr(at + key.size());
    if (!begins || !rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const bool quoted = rest.starts_with('\'') || rest.starts_with('"');
    const auto end = quoted ? rest.find(rest.front(), 1) : rest.find_first_of(",}");
    if (quoted) return std::string(rest.substr(1, end - 1));
    rest = rest.substr(0, end);
    return std::string(rest.substr(0, rest.find_last_not_of(' ') + 1));
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, std::string> ecsv_units(const std::string& path) {
  std::map<std::string, std::string> units;
  CsvRecords lines(path);
  std::string line;
  if (!lines.next_comment(line) || !line.starts_with(marker)) return units;
  std::string column;
  while (lines.next_comment(line)) {
    // "# - {name: a, unit: deg, datatype: float64}", or "# -" with a key a line.
    const auto text = std::string_view(line).substr(1);
    if (const auto name = value_of(text, "name")) column = *name;
    const auto unit = value_of(text, "unit");
    if (unit && !column.empty()) units[column] = *unit;
  }
  return units;
}

}  // namespace lensmill::catalogue
