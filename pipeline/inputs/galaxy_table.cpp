#include "pipeline/inputs/galaxy_table.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <optional>

#include "lib/catalogue/column_units.hpp"
#include "lib/config/suggest.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

using config::ColumnCut;
using io::fits::ColumnKind;
using io::fits::TableHdu;

/// A cut's column: its name in the table, and the element of an array.
struct ColumnName {
  std::string name;
  std::optional<std::size_t> element;
};

ColumnName taken_apart(const std::string& text) {
  const auto bracket = text.find('[');
  if (bracket == std::string::npos || !text.ends_with(']')) return {text, {}};
  const char* first = text.data() + bracket + 1;
  const char* last = text.data() + text.size() - 1;
  std::size_t element = 0;
  const auto [end, error] = std::from_chars(first, last, element);
  if (error != std::errc{} || end != last) return {text, {}};
  return {text.substr(0, bracket), element};
}

bool is_number(ColumnKind kind) {
  return kind == ColumnKind::integer || kind == ColumnKind::floating;
}

/// The catalogue, and the table that came with it.
struct Tables {
  TableHdu catalogue;
  std::optional<TableHdu> fits;

  const TableHdu* with(const std::string& column) const {
    if (catalogue.has(column)) return &catalogue;
    return fits && fits->has(column) ? &*fits : nullptr;
  }
};

[[noreturn]] void no_such_column(const Tables& tables, const ColumnCut& cut,
                                 const std::string& name) {
  std::vector<std::string> known;
  const auto add = [&known](const TableHdu& table) {
    for (const auto& column : table.columns()) {
      if (is_number(column.kind)) known.push_back(column.name);
    }
  };
  add(tables.catalogue);
  if (tables.fits) add(*tables.fits);
  throw ConfigError(fmt::format("{}: {}{} has no column {}; {}", cut.where,
                                tables.catalogue.file_path(),
                                tables.fits ? " (and fits_catalogue)" : "", name,
                                config::suggest_key(name, known)));
}

/// The values of a cut's column, one per row.
std::vector<double> values_of(const Tables& tables, const ColumnCut& cut) {
  const auto [name, element] = taken_apart(cut.column);
  const TableHdu* table = tables.with(name);
  if (table == nullptr) no_such_column(tables, cut, name);
  const auto& column = table->column(name);
  if (!is_number(column.kind)) {
    throw ConfigError(
        fmt::format("{}: column {} of {} has no numbers (a cut is [min, max])",
                    cut.where, name, table->file_path()));
  }
  const std::size_t elements = column.row_elements();
  if (element ? *element >= elements : elements != 1) {
    throw ConfigError(fmt::format(
        "{}: column {} of {} has {} number{} in each row; name one of them as "
        "{}[0]{}",
        cut.where, name, table->file_path(), elements, elements == 1 ? "" : "s", name,
        elements > 1 ? fmt::format(" ... {}[{}]", name, elements - 1) : ""));
  }
  auto values = table->read_doubles(name, 0, table->rows());
  for (std::size_t row = 0; elements > 1 && row * elements < values.size(); ++row) {
    values[row] = values[row * elements + *element];
  }
  values.resize(static_cast<std::size_t>(table->rows()));
  return values;
}

/// A table of a file that may be packed by gzip. \throws as File::first_table
TableHdu open_table(const std::string& path, std::string_view with_column = {}) {
  const auto format = file_format_of(path);
  if (format != FileFormat::fits) {
    throw DataError(path +
                    ": is not a FITS file (a galaxy catalogue is a FITS table, as "
                    "GalSim's real_galaxy_catalog files)");
  }
  refuse_large_gzip(path);
  return io::fits::File::open(path).first_table(with_column);
}

/// A column that has one cell of this kind in each row.
void require(const TableHdu& table, const char* name, ColumnKind wanted) {
  const auto& column = table.column(name);
  const bool is_kind =
      wanted == ColumnKind::floating ? is_number(column.kind) : column.kind == wanted;
  if (is_kind && column.row_elements() == 1) return;
  throw DataError(fmt::format(
      "{}, column {}: contains {} ({} in each row), but one {} in each row is needed",
      table.place(), column.name, to_string(column.kind), column.row_elements(),
      wanted == ColumnKind::string    ? "text"
      : wanted == ColumnKind::integer ? "integer"
                                      : "number"));
}

/// To arcsec per pixel, from what the table says of PIXEL_SCALE.
double pixel_scale_factor(const TableHdu& table) {
  std::string unit = table.column("PIXEL_SCALE").unit;
  for (const char* per_pixel : {"/pixel", "/pix", "/ pixel", "/ pix", " pix-1"}) {
    if (unit.ends_with(per_pixel)) unit.erase(unit.rfind(per_pixel));
  }
  const auto conversion = catalogue::convert_unit(unit, "arcsec");
  if (conversion.problem.empty()) return conversion.factor;
  throw DataError(
      fmt::format("{}, column PIXEL_SCALE {}", table.place(), conversion.problem));
}

Tables open_tables(const config::GalaxySection& section) {
  Tables tables{open_table(section.catalogue), {}};
  for (const char* column : {"GAL_FILENAME", "GAL_HDU", "PIXEL_SCALE"}) {
    if (tables.catalogue.has(column)) continue;
    throw DataError(fmt::format(
        "{}: has no column {} (a galaxy catalogue has GAL_FILENAME, GAL_HDU and "
        "PIXEL_SCALE, as GalSim's real_galaxy_catalog files)",
        tables.catalogue.place(), column));
  }
  require(tables.catalogue, "GAL_FILENAME", ColumnKind::string);
  require(tables.catalogue, "GAL_HDU", ColumnKind::integer);
  require(tables.catalogue, "PIXEL_SCALE", ColumnKind::floating);
  if (tables.catalogue.has("IDENT")) {
    require(tables.catalogue, "IDENT", ColumnKind::integer);
  }
  if (section.fits_catalogue.empty()) return tables;
  tables.fits = open_table(section.fits_catalogue, "IDENT");
  require(*tables.fits, "IDENT", ColumnKind::integer);
  const auto rows = tables.catalogue.rows();
  const std::string place = tables.fits->place();
  if (tables.fits->rows() != rows) {
    throw DataError(fmt::format("{}: has {} rows, but the catalogue {} has {}", place,
                                tables.fits->rows(), section.catalogue, rows));
  }
  const auto here = tables.fits->read_integers("IDENT", 0, rows);
  const auto there = tables.catalogue.read_integers("IDENT", 0, rows);
  for (std::size_t row = 0; row < here.size(); ++row) {
    if (here[row] == there[row]) continue;
    throw DataError(
        fmt::format("{}, row {}: IDENT {} where the catalogue {} has {}; both tables "
                    "must list the same galaxies in the same order",
                    place, row + 1, here[row], section.catalogue, there[row]));
  }
  return tables;
}

std::string cuts_text(const std::vector<ColumnCut>& cuts,
                      const std::vector<std::int64_t>& passed) {
  std::string text;
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    text += fmt::format("{}{} in [{}, {}]: {}", c == 0 ? "" : ", ", cuts[c].column,
                        cuts[c].min, cuts[c].max, passed[c]);
  }
  return text;
}

}  // namespace

std::vector<GalaxyRow> select_galaxies(const config::GalaxySection& section) {
  const Tables tables = open_tables(section);
  const TableHdu& catalogue = tables.catalogue;
  const auto rows = static_cast<std::size_t>(catalogue.rows());
  std::vector<bool> selected(rows, true);
  std::vector<std::int64_t> passed;
  for (const auto& cut : section.cuts) {
    const auto values = values_of(tables, cut);
    passed.push_back(0);
    for (std::size_t row = 0; row < rows; ++row) {
      const bool passes = values[row] >= cut.min && values[row] <= cut.max;
      passed.back() += passes ? 1 : 0;
      selected[row] = selected[row] && passes;
    }
  }
  const auto file = catalogue.read_strings("GAL_FILENAME", 0, catalogue.rows());
  const auto hdu = catalogue.read_integers("GAL_HDU", 0, catalogue.rows());
  auto scale = catalogue.read_doubles("PIXEL_SCALE", 0, catalogue.rows());
  const double to_arcsec = pixel_scale_factor(catalogue);
  for (double& value : scale) value *= to_arcsec;
  std::vector<std::int64_t> ident;
  if (catalogue.has("IDENT")) {
    ident = catalogue.read_integers("IDENT", 0, catalogue.rows());
  }
  const auto folder = std::filesystem::path(section.catalogue).parent_path();
  std::vector<GalaxyRow> galaxies;
  for (std::size_t row = 0; row < rows; ++row) {
    if (!selected[row]) continue;
    if (!(scale[row] > 0.0 && scale[row] < 100.0) || hdu[row] < 0) {
      throw DataError(fmt::format(
          "{}, row {}: PIXEL_SCALE must be in (0, 100) arcsec and GAL_HDU >= 0 (got {} "
          "and {})",
          catalogue.place(), row + 1, scale[row], hdu[row]));
    }
    galaxies.push_back(
        {.row = static_cast<std::int64_t>(row),
         .ident = ident.empty() ? static_cast<std::int64_t>(row) : ident[row],
         .file = (folder / file[row]).lexically_normal().string(),
         .hdu = hdu[row],
         .pixel_scale_arcsec = scale[row]});
  }
  if (galaxies.empty()) {
    throw DataError(fmt::format(
        "{}: none of its {} galaxies is left by source.galaxies.cuts ({}); widen them",
        section.catalogue, rows,
        section.cuts.empty() ? "no cuts" : cuts_text(section.cuts, passed)));
  }
  return galaxies;
}

}  // namespace lensmill::pipeline
