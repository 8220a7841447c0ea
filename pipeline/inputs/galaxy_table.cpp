#include "pipeline/inputs/galaxy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "lib/catalogue/column_element.hpp"
#include "lib/catalogue/column_units.hpp"
#include "lib/catalogue/table_cut.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::TableCut;
using io::fits::ColumnKind;
using io::fits::TableHdu;

bool is_number(ColumnKind kind) {
  return kind == ColumnKind::integer || kind == ColumnKind::floating;
}

/// The catalogue, and the table that came with it.
struct Tables {
  TableHdu catalogue;
  std::optional<TableHdu> fits;

  /// The one that has a cut's column; the catalogue, if neither has.
  const TableHdu& with(const std::string& name) const {
    const auto column = catalogue::taken_apart(name).column;
    const bool in_fits = fits && !catalogue.has(column) && fits->has(column);
    return in_fits ? *fits : catalogue;
  }
};

/// Which rows pass a cut. \throws ConfigError, DataError as catalogue::passes
std::vector<bool> passes(const Tables& tables, const TableCut& cut) {
  const TableHdu& table = tables.with(cut.column);
  return catalogue::passes(FitsSource(table.file_path(), table), cut);
}

/// A table of a file that may be packed by gzip. \throws as File::first_table
TableHdu open_galaxies(const std::string& path, std::string_view with_column = {}) {
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
  Tables tables{open_galaxies(section.catalogue), {}};
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
  tables.fits = open_galaxies(section.fits_catalogue, "IDENT");
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

}  // namespace

std::vector<GalaxyRow> select_galaxies(const config::GalaxySection& section) {
  const Tables tables = open_tables(section);
  const TableHdu& catalogue = tables.catalogue;
  const auto rows = static_cast<std::size_t>(catalogue.rows());
  std::vector<bool> selected(rows, true);
  std::vector<std::int64_t> passed;
  for (const auto& cut : section.cuts) {
    const auto pass = passes(tables, cut);
    passed.push_back(std::ranges::count(pass, true));
    for (std::size_t row = 0; row < rows; ++row) {
      selected[row] = selected[row] && pass[row];
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
        section.cuts.empty() ? "no cuts"
                             : catalogue::counts_text(section.cuts, passed)));
  }
  return galaxies;
}

}  // namespace lensmill::pipeline
