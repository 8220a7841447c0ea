#include "stages/config/read_csv.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "lib/catalogue/column_units.hpp"
#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::config {

namespace {

// Priors are held whole in memory, on every rank.
constexpr std::int64_t most_rows = 10'000'000;

/// From the unit that the file states for a column to the one that is wanted.
double factor_of(const Section& section, std::string_view key,
                 const catalogue::ColumnSource& source, const std::string& column,
                 std::string_view wanted) {
  const auto stated = source.facts(column).unit;
  const auto conversion = catalogue::convert_unit(stated, wanted);
  if (!conversion.problem.empty()) {
    section.problem(key, fmt::format("{}: column `{}` {}", source.path(), column,
                                     conversion.problem));
  } else if (conversion.factor != 1.0) {
    section.warning(key,
                    fmt::format("{}: column `{}` has the unit `{}`: converted to {}",
                                source.path(), column, stated, wanted));
  }
  return conversion.factor;
}

/// The unit in which a column's values are wanted.
std::string_view unit_of(const std::string& column, std::string_view unit) {
  const auto quantity = catalogue::find_quantity(column);
  return quantity ? quantity->quantity->unit : unit;
}

}  // namespace

std::vector<std::vector<double>> read_columns(const Section& section,
                                              std::string_view key,
                                              const catalogue::ColumnSource& source,
                                              const std::vector<std::string>& columns,
                                              std::string_view unit) {
  std::vector<std::vector<double>> values(columns.size());
  if (source.rows() > most_rows) {
    section.problem(key, fmt::format("{} has {} rows, a prior's table at most {}",
                                     source.path(), source.rows(), most_rows));
    return values;
  }
  std::vector<std::string> names;
  for (const auto& column : columns) {
    names.push_back(catalogue::spelling_of(source, column));
    const auto problem = names.back().empty()
                             ? catalogue::no_such_column(source, column)
                             : catalogue::not_numbers(source, names.back());
    if (problem.empty()) continue;
    section.problem(key, problem);
    return values;
  }
  std::vector<catalogue::BadCell> bad;
  const Table table = source.read(0, source.rows(), names, bad);
  for (const auto& cell : bad) {
    section.problem(
        key,
        fmt::format("{} {}{}{}: {}", source.path(), source.where(cell.row),
                    cell.column.empty() ? "" : ", column ", cell.column, cell.reason));
  }
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const double factor =
        factor_of(section, key, source, names[c], unit_of(columns[c], unit));
    for (std::size_t row = 0; row < table[c].rows(); ++row) {
      values[c].push_back(factor * catalogue::real_cell(table[c], row));
    }
  }
  return values;
}

std::vector<std::vector<double>> read_csv(const Section& section, std::string_view key,
                                          const std::vector<std::string>& columns,
                                          std::string_view unit) {
  const auto before = section.problem_count();
  const std::string path = section.existing_file(key);
  if (section.problem_count() == before) {
    try {
      const catalogue::CsvSource source(path);
      section.note_file_read(path);
      return read_columns(section, key, source, columns, unit);
    } catch (const Error& error) {
      section.problem(key, error.what());
    }
  }
  return std::vector<std::vector<double>>(columns.size());
}

}  // namespace lensmill::config
