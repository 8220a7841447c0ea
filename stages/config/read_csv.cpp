#include "stages/config/read_csv.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/catalogue/csv_source.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::config {

std::vector<std::vector<double>> read_csv(const Section& section, std::string_view key,
                                          const std::vector<std::string>& columns) {
  std::vector<std::vector<double>> values(columns.size());
  const std::string path = section.existing_file(key);
  try {
    const catalogue::CsvSource source(path);
    section.note_file_read(path);
    for (const auto& column : columns) {
      const auto& all = source.columns();
      if (std::find(all.begin(), all.end(), column) == all.end()) {
        section.problem(key, fmt::format("{} has no column `{}`", path, column));
        return values;
      }
    }
    std::vector<catalogue::BadCell> bad;
    const Table table = source.read(0, source.rows(), columns, bad);
    for (const auto& cell : bad) {
      section.problem(key,
                      fmt::format("{} {}, column {}: {}", path, source.where(cell.row),
                                  cell.column, cell.reason));
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto& column = table[c];
      for (std::size_t row = 0; row < column.rows(); ++row) {
        values[c].push_back(
            column.info().type == ElementType::int64
                ? static_cast<double>(column.values<std::int64_t>()[row])
                : column.values<double>()[row]);
      }
    }
  } catch (const Error& error) {
    // A missing file is reported already.
    if (std::filesystem::exists(path)) section.problem(key, error.what());
  }
  return values;
}

}  // namespace lensmill::config
