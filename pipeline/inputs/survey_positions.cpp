#include "pipeline/inputs/survey_positions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "lib/catalogue/column_units.hpp"
#include "lib/catalogue/number_column.hpp"
#include "lib/catalogue/table_cut.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::ColumnSource;
using config::PositionFrame;
using config::SurveyPositions;

constexpr std::int64_t rows_at_once = 65536;

bool has_column(const ColumnSource& table, const std::string& name) {
  return !catalogue::spelling_of(table, name).empty();
}

struct Columns {
  PositionFrame frame = PositionFrame::sky;
  std::vector<std::string> names;  ///< two
};

Columns columns_of(const ColumnSource& table, const SurveyPositions& positions) {
  Columns columns{.frame = positions.frame, .names = {}};
  const auto has = [&](const char* a, const char* b) {
    return has_column(table, a) && has_column(table, b);
  };
  auto names = positions.columns;
  if (names.empty()) {
    const bool sky = has("ra_deg", "dec_deg");
    const bool pixel = has("x_pix", "y_pix");
    if (sky && pixel) {
      throw DataError(
          fmt::format("{}: has both ra_deg, dec_deg and x_pix, y_pix; say which by "
                      "host.survey.positions.columns and frame",
                      table.path()));
    }
    columns.frame = pixel ? PositionFrame::pixel : PositionFrame::sky;
    names = pixel              ? std::vector<std::string>{"x_pix", "y_pix"}
            : sky              ? std::vector<std::string>{"ra_deg", "dec_deg"}
            : has("ra", "dec") ? std::vector<std::string>{"ra", "dec"}
                               : std::vector<std::string>{};
    if (names.empty()) {
      throw DataError(fmt::format(
          "{}: has none of the columns ra_deg, dec_deg; x_pix, y_pix; ra, dec (it has: "
          "{}); name them by host.survey.positions.columns",
          table.path(), fmt::join(table.columns(), ", ")));
    }
  }
  for (const auto& name : names) {
    columns.names.push_back(catalogue::number_column(table, name));
  }
  return columns;
}

/// From the file's units to degrees or pixels, for the two columns of the position.
std::array<double, 2> factors_of(const ColumnSource& table, const Columns& columns,
                                 std::vector<std::string>& warnings) {
  const std::string wanted = columns.frame == PositionFrame::sky ? "deg" : "pix";
  std::array<double, 2> factors{};
  for (std::size_t c = 0; c < factors.size(); ++c) {
    const auto& name = columns.names[c];
    const auto unit = table.facts(name).unit;
    const auto conversion = catalogue::convert_unit(unit, wanted);
    if (!conversion.problem.empty()) {
      throw DataError(
          fmt::format("{}: column `{}` {}", table.path(), name, conversion.problem));
    }
    factors[c] = conversion.factor;
    if (conversion.factor == 1.0) continue;
    warnings.push_back(fmt::format("{}: column `{}` has the unit `{}`: converted to {}",
                                   table.path(), name, unit, wanted));
  }
  return factors;
}

/// What single precision does to positions: half a step of the largest number.
void warn_of_rounding(const ColumnSource& table, const Columns& columns,
                      const std::array<double, 2>& factors, HostPositions& positions) {
  const bool sky = columns.frame == PositionFrame::sky;
  constexpr double least_arcsec = 1.0e-3;
  constexpr double least_pix = 1.0e-3;
  const std::array<const std::vector<double>*, 2> values{&positions.first,
                                                         &positions.second};
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (!table.facts(columns.names[c]).single_precision) continue;
    double largest = 0.0;
    for (const double value : *values[c]) {
      if (std::isfinite(value))
        largest = std::max(largest, std::abs(value / factors[c]));
    }
    const auto stored = static_cast<float>(largest);
    const double step =
        std::nextafter(stored, std::numeric_limits<float>::max()) - stored;
    const double error = 0.5 * step * factors[c] * (sky ? 3600.0 : 1.0);
    if (error < (sky ? least_arcsec : least_pix)) continue;
    positions.warnings.push_back(
        fmt::format("{}: column `{}` is of type float32, which rounds positions by up "
                    "to {:.2g} {}: "
                    "write it as float64",
                    table.path(), columns.names[c], error, sky ? "arcsec" : "pixels"));
  }
}

void refuse_bad_cells(const ColumnSource& table,
                      const std::vector<catalogue::BadCell>& bad) {
  if (bad.empty()) return;
  constexpr std::size_t most_shown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(bad.size(), most_shown); ++i) {
    text += fmt::format("\n  {}, column {}: {}", table.where(bad[i].row), bad[i].column,
                        bad[i].reason);
  }
  throw DataError(fmt::format("{}: {} cells of positions are no numbers:{}",
                              table.path(), bad.size(), text));
}

}  // namespace

HostPositions read_positions(const SurveyPositions& positions) {
  const auto table = open_table(positions.file);
  const Columns columns = columns_of(*table, positions);
  HostPositions result{
      .frame = columns.frame, .first = {}, .second = {}, .warnings = {}};
  result.rows = table->rows();
  const auto factors = factors_of(*table, columns, result.warnings);
  const auto selected = catalogue::select_rows(
      *table, positions.cuts, "host.survey.positions.cuts", result.warnings);
  auto taken = selected.begin();
  for (std::int64_t first = 0; first < table->rows(); first += rows_at_once) {
    const auto count = std::min(rows_at_once, table->rows() - first);
    std::vector<catalogue::BadCell> bad;
    const Table block = table->read(first, count, columns.names, bad);
    refuse_bad_cells(*table, bad);
    for (; taken != selected.end() && *taken < first + count; ++taken) {
      const auto row = static_cast<std::size_t>(*taken - first);
      result.first.push_back(factors[0] * catalogue::real_cell(block[0], row));
      result.second.push_back(factors[1] * catalogue::real_cell(block[1], row));
      result.row.push_back(first + static_cast<std::int64_t>(row));
    }
  }
  if (result.first.empty()) {
    throw DataError(fmt::format("{}: has no rows: no positions", table->path()));
  }
  warn_of_rounding(*table, columns, factors, result);
  return result;
}

}  // namespace lensmill::pipeline
