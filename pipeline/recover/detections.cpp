#include "pipeline/recover/detections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "lib/catalogue/column_source.hpp"
#include "lib/catalogue/column_units.hpp"
#include "lib/catalogue/number_column.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::ColumnSource;
using recovery::Frame;

struct KnownPair {
  const char* first;
  const char* second;
  Frame frame;
  std::optional<int> origin;  ///< of pixels, where the name decides it
};

constexpr std::array known_pairs{
    KnownPair{"X_IMAGE", "Y_IMAGE", Frame::image, 1},
    KnownPair{"XWIN_IMAGE", "YWIN_IMAGE", Frame::image, 1},
    KnownPair{"XPEAK_IMAGE", "YPEAK_IMAGE", Frame::image, 1},
    KnownPair{"xcentroid", "ycentroid", Frame::image, 0},
    KnownPair{"bx", "by", Frame::image, 0},
    // Of a field's truth from 0, of host.survey's positions from 1.
    KnownPair{"x_pix", "y_pix", Frame::image, std::nullopt},
    KnownPair{"x", "y", Frame::image, std::nullopt},
    KnownPair{"ALPHA_J2000", "DELTA_J2000", Frame::sky, std::nullopt},
    KnownPair{"ALPHAWIN_J2000", "DELTAWIN_J2000", Frame::sky, std::nullopt},
    KnownPair{"ra_deg", "dec_deg", Frame::sky, std::nullopt},
    KnownPair{"ra", "dec", Frame::sky, std::nullopt},
};

/// SExtractor's magnitude of what has none is 99.
constexpr double no_magnitude = 90.0;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// The table that has positions: FITS files may have several (SExtractor's FITS_LDAC).
std::unique_ptr<const ColumnSource> open_detections(const std::string& path,
                                                    const DetectionColumns& columns) {
  io::check_is_file(path);
  if (file_format_of(path) != FileFormat::fits) return open_table(path);
  refuse_large_gzip(path);
  const auto file = io::fits::File::open(path);
  std::vector<std::string> names;
  for (const auto& name : {columns.x, columns.ra}) {
    if (name) names.push_back(*name);
  }
  if (names.empty()) {
    for (const auto& pair : known_pairs) names.emplace_back(pair.first);
  }
  int first = std::numeric_limits<int>::max();
  for (const auto& name : names) {
    const auto tables = file.table_hdus(name);
    if (!tables.empty()) first = std::min(first, tables.front());
  }
  if (first == std::numeric_limits<int>::max()) {
    return std::make_unique<FitsSource>(path);  // whose columns are then named
  }
  return std::make_unique<FitsSource>(path, file.table(first));
}

struct PositionColumns {
  std::string first, second;  ///< as the file spells them
  Frame frame = Frame::image;
  int origin = 0;
};

KnownPair pair_of(const ColumnSource& table, const DetectionColumns& columns) {
  if (columns.ra) return {columns.ra->c_str(), columns.dec->c_str(), Frame::sky, {}};
  if (columns.x) {
    const auto known = std::ranges::find_if(known_pairs, [&](const KnownPair& pair) {
      return lower_case(pair.first) == lower_case(*columns.x) &&
             lower_case(pair.second) == lower_case(*columns.y);
    });
    return {columns.x->c_str(), columns.y->c_str(), Frame::image,
            known == known_pairs.end() ? std::nullopt : known->origin};
  }
  std::vector<KnownPair> found;
  std::vector<std::string> names;
  for (const auto& pair : known_pairs) {
    const bool is_there = !catalogue::spelling_of(table, pair.first).empty() &&
                          !catalogue::spelling_of(table, pair.second).empty();
    if (!is_there) continue;
    found.push_back(pair);
    names.push_back(fmt::format("{}, {}", pair.first, pair.second));
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw DataError(
        fmt::format("{}: has no columns of positions that are known by their names (it "
                    "has {}); name "
                    "them by --x and --y, or --ra and --dec",
                    table.path(), fmt::join(catalogue::all_columns(table), ", ")));
  }
  throw DataError(fmt::format(
      "{}: has several positions ({}); say which by --x and --y, or --ra and --dec",
      table.path(), fmt::join(names, "; ")));
}

PositionColumns position_columns(const ColumnSource& table,
                                 const DetectionColumns& columns) {
  const auto pair = pair_of(table, columns);
  PositionColumns result{.first = catalogue::number_column(table, pair.first),
                         .second = catalogue::number_column(table, pair.second),
                         .frame = pair.frame};
  if (pair.frame == Frame::sky) {
    if (columns.pixel_origin) {
      throw UsageError(fmt::format(
          "recover: --pixel-origin: {} has positions on the sky ({}, {}); leave it out",
          table.path(), result.first, result.second));
    }
    return result;
  }
  if (pair.origin && columns.pixel_origin && *pair.origin != *columns.pixel_origin) {
    throw UsageError(fmt::format(
        "recover: --pixel-origin: {} of {} counts from {} by its name (got {}); leave "
        "the "
        "option out, or give the column another name if its numbers are others",
        result.first, table.path(), *pair.origin, *columns.pixel_origin));
  }
  if (!pair.origin && !columns.pixel_origin) {
    throw UsageError(fmt::format(
        "recover: --pixel-origin is needed: {} of {} may count pixels from 0 (SEP, "
        "numpy) "
        "or from 1 (FITS, SExtractor); say 0 or 1, the first pixel's centre",
        result.first, table.path()));
  }
  result.origin = pair.origin ? *pair.origin : *columns.pixel_origin;
  return result;
}

/// A problem of rows: the first of them, and how many there are.
class RowProblems {
 public:
  RowProblems(const ColumnSource& table, std::string what)
      : table_(table), what_(std::move(what)) {}
  void add(std::int64_t row, const std::string& problem) {
    constexpr std::int64_t most_shown = 10;
    if (++count_ <= most_shown) text_ += "\n  " + table_.where(row) + ": " + problem;
  }
  /// \throws DataError if there are any
  void refuse() const {
    if (count_ == 0) return;
    throw DataError(fmt::format("{}: {} {}:{}", table_.path(), count_, what_, text_));
  }

 private:
  const ColumnSource& table_;
  std::string what_, text_;
  std::int64_t count_ = 0;
};

/// A column of numbers, in `wanted` (any for ""). \param stated_unit by the user
std::vector<double> read_numbers(const ColumnSource& table, const std::string& name,
                                 const std::string& wanted,
                                 const std::optional<std::string>& stated_unit = {}) {
  double factor = 1.0;
  if (!wanted.empty()) {
    const auto unit = table.facts(name).unit;
    const auto conversion = catalogue::convert_unit(stated_unit.value_or(unit), wanted);
    if (!conversion.problem.empty()) {
      throw DataError(
          fmt::format("{}: column `{}` {}", table.path(), name, conversion.problem));
    }
    factor = conversion.factor;
  }
  std::vector<catalogue::BadCell> bad;
  const Table block = table.read(0, table.rows(), std::vector{name}, bad);
  RowProblems problems(table, fmt::format("cells of column `{}` are no numbers", name));
  for (const auto& cell : bad) problems.add(cell.row, cell.reason);
  problems.refuse();
  std::vector<double> values(block[0].rows());
  for (std::size_t row = 0; row < values.size(); ++row) {
    values[row] = factor * catalogue::real_cell(block[0], row);
  }
  return values;
}

void require_finite(const ColumnSource& table, const std::string& name,
                    const std::vector<double>& values) {
  RowProblems problems(table, fmt::format("cells of column `{}` are not finite; take "
                                          "these rows out",
                                          name));
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (std::isfinite(values[row])) continue;
    problems.add(static_cast<std::int64_t>(row), fmt::format("{}", values[row]));
  }
  problems.refuse();
}

void require_on_sky(const ColumnSource& table, const Detections& detections) {
  RowProblems problems(
      table, "positions are none on the sky (RA in [-180, 360], Dec in [-90, 90] deg)");
  for (std::size_t row = 0; row < detections.rows(); ++row) {
    const double ra = detections.first[row], dec = detections.second[row];
    if (ra >= -180.0 && ra <= 360.0 && std::abs(dec) <= 90.0) continue;
    problems.add(static_cast<std::int64_t>(row), fmt::format("{}, {}", ra, dec));
  }
  problems.refuse();
}

std::vector<std::string> read_ids(const ColumnSource& table, const std::string& name) {
  const auto spelling = catalogue::spelling_of(table, name);
  if (spelling.empty()) throw DataError(catalogue::no_such_column(table, name));
  const auto kind = table.facts(spelling).kind;
  if (kind != catalogue::CellKind::any && kind != catalogue::CellKind::integer &&
      kind != catalogue::CellKind::text) {
    throw DataError(fmt::format("{}: column `{}`: ids are integers or texts",
                                table.path(), spelling));
  }
  auto ids = table.read_texts(0, table.rows(), spelling);
  std::map<std::string, std::size_t> first_row;
  RowProblems problems(
      table, fmt::format("ids in column `{}` are there twice or empty", spelling));
  for (std::size_t row = 0; row < ids.size(); ++row) {
    const auto [at, is_new] = first_row.emplace(ids[row], row);
    if (is_new && !ids[row].empty()) continue;
    problems.add(static_cast<std::int64_t>(row),
                 fmt::format("`{}`, as in {}", ids[row],
                             table.where(static_cast<std::int64_t>(at->second))));
  }
  problems.refuse();
  return ids;
}

std::vector<double> read_fluxes(const ColumnSource& table,
                                const DetectionColumns& columns) {
  if (columns.flux) {
    const auto name = catalogue::number_column(table, *columns.flux);
    const auto stated = table.facts(name).unit;
    if (stated.empty() && !columns.flux_unit) {
      throw UsageError(
          fmt::format("recover: --flux-unit is needed: {} states no unit of `{}`; give "
                      "e.g. nmgy, uJy",
                      table.path(), name));
    }
    if (!stated.empty() && columns.flux_unit &&
        lower_case(stated) != lower_case(*columns.flux_unit)) {
      throw UsageError(
          fmt::format("recover: --flux-unit: {} states {} as the unit of `{}` (got {})",
                      table.path(), stated, name, *columns.flux_unit));
    }
    return read_numbers(table, name, "nmgy", columns.flux_unit);
  }
  auto values =
      read_numbers(table, catalogue::number_column(table, *columns.mag), "mag");
  for (double& value : values) {
    value = value < no_magnitude
                ? std::pow(10.0, 0.4 * (*columns.mag_zero_point - value))
                : none;
  }
  return values;
}

}  // namespace

std::vector<recovery::Position> Detections::positions(double pixel_scale_arcsec) const {
  std::vector<recovery::Position> positions;
  positions.reserve(rows());
  for (std::size_t row = 0; row < rows(); ++row) {
    positions.push_back(
        frame == Frame::sky
            ? recovery::on_sky(first[row], second[row])
            : recovery::on_image(first[row], second[row], pixel_scale_arcsec));
  }
  return positions;
}

Detections read_detections(const std::string& path, const DetectionColumns& columns) {
  const auto table = open_detections(path, columns);
  const auto at = position_columns(*table, columns);
  const std::string unit = at.frame == Frame::sky ? "deg" : "pix";
  Detections detections;
  detections.path = path;
  detections.sha256 = io::sha256_of_file(path);
  detections.frame = at.frame;
  detections.positions_text =
      at.frame == Frame::sky ? fmt::format("{}, {} (sky)", at.first, at.second)
                             : fmt::format("{}, {} (the first pixel's centre is {})",
                                           at.first, at.second, at.origin);
  detections.first = read_numbers(*table, at.first, unit);
  detections.second = read_numbers(*table, at.second, unit);
  require_finite(*table, at.first, detections.first);
  require_finite(*table, at.second, detections.second);
  if (at.frame == Frame::sky) {
    require_on_sky(*table, detections);
  } else {
    for (auto* values : {&detections.first, &detections.second}) {
      for (double& value : *values) value -= at.origin;
    }
  }
  if (columns.score) {
    const auto name = catalogue::number_column(*table, *columns.score);
    detections.score = read_numbers(*table, name, "");
    require_finite(*table, name, detections.score);
  }
  if (columns.id) detections.id = read_ids(*table, *columns.id);
  if (columns.flux || columns.mag) detections.flux_nmgy = read_fluxes(*table, columns);
  return detections;
}

}  // namespace lensmill::pipeline
