#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "lib/analysis/stamp_columns.hpp"
#include "lib/analysis/summary_tables.hpp"
#include "lib/core/column.hpp"
#include "lib/core/random_stream.hpp"

/// \file
/// Rows of a run for the summary's tests, and the columns that a run would hold.

namespace lensmill::analysis {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::array core_names{
    "core_flux_fraction",
    "core_flux_fraction_saddle_intrinsic",
    "core_flux_fraction_minimum_intrinsic",
    "core_flux_fraction_maximum_intrinsic",
    "core_flux_fraction_saddle_psf",
    "core_flux_fraction_minimum_psf",
    "core_flux_fraction_maximum_psf",
};

/// One injection, as the summary sees it: by default an SIS without surprises.
struct Row {
  double theta_e_arcsec = 1.0;
  double beta_arcsec = 0.5;
  double sis_pix = 1.9;
  double saddle_pix = 1.8;
  std::int32_t saddles = 1;
  std::int32_t status = 0;
  std::uint8_t rendered = 1;
  /// Six terms in the order of core_names; their sum is the first column.
  std::array<double, 6> core_terms{0.2, 0.05, 0.0, -0.08, 0.06, 0.0};

  double core() const {
    double sum = 0.0;
    for (const double term : core_terms) sum += term;
    return sum;
  }
};

/// Which entry of [band, radius] contains the rows' core flux; all others hold 77.
struct CorePlace {
  std::size_t bands = 1;
  std::size_t radii = 1;
  std::size_t band = 0;
  std::size_t radius = 0;
};

/// A column that only its name, type and shape matter of.
inline Column column_of(const std::string& name, ElementType type, std::size_t rows,
                        const std::vector<std::size_t>& row_shape = {}) {
  return {{.name = name,
           .unit = "",
           .description = "",
           .type = type,
           .row_shape = row_shape},
          rows};
}

template <class T, class Value>
void add_column(Table& table, const std::string& name, const std::vector<Row>& rows,
                Value value) {
  Column column = column_of(name, element_type_of<T>(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    column.values<T>()[i] = static_cast<T>(value(rows[i]));
  }
  table.push_back(std::move(column));
}

inline Table catalogue_of(const std::vector<Row>& rows) {
  Table table;
  add_column<double>(table, "theta_e_arcsec", rows,
                     [](const Row& r) { return r.theta_e_arcsec; });
  // A source in direction (0.6, 0.8).
  add_column<double>(table, "src_x_arcsec", rows,
                     [](const Row& r) { return 0.6 * r.beta_arcsec; });
  add_column<double>(table, "src_y_arcsec", rows,
                     [](const Row& r) { return 0.8 * r.beta_arcsec; });
  return table;
}

inline Table measurements_of(const std::vector<Row>& rows, CorePlace place = {}) {
  Table table;
  add_column<std::int32_t>(table, "status", rows,
                           [](const Row& r) { return r.status; });
  add_column<std::uint8_t>(table, "rendered", rows,
                           [](const Row& r) { return r.rendered; });
  add_column<std::int32_t>(table, "n_saddles", rows,
                           [](const Row& r) { return r.saddles; });
  add_column<double>(table, "sis_inner_radius_pix", rows,
                     [](const Row& r) { return r.sis_pix; });
  add_column<double>(table, "counter_image_radius_pix", rows,
                     [](const Row& r) { return r.saddle_pix; });
  for (std::size_t k = 0; k < core_names.size(); ++k) {
    Column column = column_of(core_names[k], ElementType::float64, rows.size(),
                              {place.bands, place.radii});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto row = column.row<double>(i);
      for (auto& value : row) value = 77.0;
      row[place.band * place.radii + place.radius] =
          k == 0 ? rows[i].core() : rows[i].core_terms[k - 1];
    }
    table.push_back(std::move(column));
  }
  return table;
}

inline SummaryConfig one_band() {
  return {.bands = {"r"}, .aperture_radius_pix = {5.0}};
}

/// Add the rows of a block as a run's summary reads them.
inline void add_block(SummaryTables& tables, const SummaryConfig& config,
                      const Table& catalogue, const Table& measurements) {
  const StampReader reader(catalogue, measurements, config.bands,
                           config.aperture_radius_pix.size(),
                           reported_core(config.bands, config.aperture_radius_pix));
  for (std::size_t row = 0; row < reader.rows(); ++row) tables.add(reader.read(row));
}

inline SummaryTables summary_of(const std::vector<Row>& rows) {
  SummaryTables tables(one_band());
  add_block(tables, one_band(), catalogue_of(rows), measurements_of(rows));
  return tables;
}

/// As ranks are combined.
inline void combine(SummaryTables& into, const SummaryTables& other) {
  for (std::size_t part = 0; part < into.state().size(); ++part) {
    std::ranges::transform(into.state()[part], other.state()[part],
                           into.state()[part].begin(), std::plus());
  }
}

/// Rows of every sort: all bins and outside, rings, failures, rows without images.
inline std::vector<Row> mixed_rows(int count) {
  constexpr std::array statuses{0, 0, 0, 0, 0, 0, 1, 2, 10, 13};
  std::vector<Row> rows;
  RandomStream random(7, 1, StreamTag::self_test);
  for (int i = 0; i < count; ++i) {
    Row row;
    row.status = statuses[random.below(statuses.size())];
    row.theta_e_arcsec = row.status == 2 ? 0.0 : 0.4 + 2.3 * random.uniform();
    row.beta_arcsec = row.status == 1   ? 0.0
                      : row.status == 2 ? random.uniform()
                                        : 1.2 * row.theta_e_arcsec * random.uniform();
    const double proxy = (row.theta_e_arcsec - row.beta_arcsec) / 0.262;
    row.sis_pix = proxy > 0.0 ? proxy : nan;
    row.saddles = row.status == 0 ? static_cast<int>(random.below(4)) : 0;
    row.saddle_pix = row.saddles > 0 ? 9.0 * random.uniform() : nan;
    for (double& term : row.core_terms) term = random.uniform() - 0.3;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace lensmill::analysis
