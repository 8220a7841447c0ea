#include "pipeline/field/truth_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "lib/core/text.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "lib/io/fits/writer.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/measure/snr.hpp"
#include "pipeline/field/band_measure.hpp"
#include "pipeline/field/painter.hpp"

namespace lensmill::pipeline {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Column column_of(std::string name, std::string unit, std::string description,
                 ElementType type, std::size_t rows) {
  return {ColumnInfo{.name = std::move(name),
                     .unit = std::move(unit),
                     .description = std::move(description),
                     .type = type,
                     .row_shape = {}},
          rows};
}

void add_places(const Scene& scene, Table& table) {
  const std::size_t rows = scene.entries.size();
  auto id = column_of("injection_id", "", "the row of the catalogue, unique",
                      ElementType::int64, rows);
  auto pass =
      column_of("pass", "", "pass in which it is painted", ElementType::int32, rows);
  auto x = column_of("x_pix", "pix", "of the lens, the first pixel's centre is 0",
                     ElementType::float64, rows);
  auto y = column_of("y_pix", "pix", "likewise", ElementType::float64, rows);
  auto ra = column_of("ra_deg", "deg", "of the lens, ICRS; NaN without WCS",
                      ElementType::float64, rows);
  auto dec = column_of("dec_deg", "deg", "likewise", ElementType::float64, rows);
  std::optional<io::fits::SkyWcs> wcs;
  if (scene.has_wcs) wcs.emplace(scene.header, "the field");
  for (std::size_t k = 0; k < rows; ++k) {
    const auto& entry = scene.entries[k];
    id.values<std::int64_t>()[k] = entry.injection_id;
    pass.values<std::int32_t>()[k] = entry.pass;
    x.values<double>()[k] = entry.x_pix;
    y.values<double>()[k] = entry.y_pix;
    io::fits::SkyPosition sky{.ra_deg = nan, .dec_deg = nan};
    if (wcs && std::isfinite(entry.x_pix) && std::isfinite(entry.y_pix)) {
      sky = wcs->sky_of({entry.x_pix + 1.0, entry.y_pix + 1.0});
    }
    ra.values<double>()[k] = sky.ra_deg;
    dec.values<double>()[k] = sky.dec_deg;
  }
  for (auto* column : {&id, &pass, &x, &y, &ra, &dec}) {
    table.push_back(std::move(*column));
  }
}

void add_catalogue(const FieldConfig& config, const Session& session,
                   const Scene& scene, Table& table) {
  auto catalogue =
      catalogue::make_table(session.chain().catalogue_columns(), scene.entries.size());
  Painter painter(config, session, scene);
  for (std::size_t k = 0; k < scene.entries.size(); ++k) {
    catalogue::write_row(painter.truth_of(scene.entries[k]), config.run.bands, k,
                         catalogue);
  }
  for (auto& column : catalogue) {
    const auto& name = column.info().name;
    // The lens is where x_pix, y_pix say; within the box it is no part of the truth.
    const bool is_of_stamps = name == "injection_id" || name == "lens_x_arcsec" ||
                              name == "lens_y_arcsec" || name == "split";
    if (!is_of_stamps && column.info().row_elements() == 1) {
      table.push_back(std::move(column));
    }
  }
}

/// SNR of the arc in all bands together, as in /measurements.
void add_total_snr(const std::vector<std::string>& bands, Table& table) {
  const std::size_t rows = table.front().rows();
  auto total = column_of("arc_snr_total", "", "of the arc in all bands together",
                         ElementType::float64, rows);
  std::vector<std::span<const double>> by_band;
  for (const auto& band : bands) {
    by_band.push_back(find_column(table, "arc_snr_" + band)->values<double>());
  }
  std::vector<double> snr(bands.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t b = 0; b < bands.size(); ++b) snr[b] = by_band[b][row];
    total.values<double>()[row] = measure::total_snr(snr);
  }
  table.push_back(std::move(total));
}

/// The user's own columns (catalogue.file.carry), as `carried_<name>`.
void add_carried(const Session& session, const Scene& scene, Table& table) {
  const auto& columns = session.rows().carried();
  const std::size_t first = table.size();
  for (auto info : columns) {
    info.name = "carried_" + info.name;
    table.emplace_back(info, scene.entries.size());
  }
  if (columns.empty()) return;
  for (std::size_t k = 0; k < scene.entries.size(); ++k) {
    const auto block = session.rows().read(scene.entries[k].row, 1);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto bytes = columns[c].row_bytes();
      std::ranges::copy(block.carried[c].bytes().first(bytes),
                        table[first + c].bytes().subspan(k * bytes, bytes).begin());
    }
  }
}

}  // namespace

Table truth_table(const FieldConfig& config, const Session& session, const Scene& scene,
                  const FieldFolder& folder) {
  Table table;
  add_places(scene, table);
  constexpr std::size_t of_rendering = 6;
  const auto& bands = config.run.bands;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    auto columns = read_injections(folder, bands[b], band_columns(config, bands[b]));
    const auto first =
        columns.begin() + static_cast<std::ptrdiff_t>(b == 0 ? 0 : of_rendering);
    std::move(first, columns.end(), std::back_inserter(table));
    if (b == 0) add_catalogue(config, session, scene, table);
  }
  if (bands.size() > 1) add_total_snr(bands, table);
  add_carried(session, scene, table);
  return table;
}

void write_truth(const Table& truth, const FieldConfig& config, const Scene& scene,
                 const FieldFolder& folder, const FieldIdentity& identity,
                 const Provenance& provenance) {
  const auto& run = config.run;
  std::vector<io::fits::Card> cards{
      {"FIELDID", run.run.name, "name of the field"},
      {"SEED", fmt::format("{}", run.run.seed), "of all random numbers"},
      {"PIXSCALE", run.grid.pixel_scale_arcsec, "arcsec per pixel"},
      {"NX", std::int64_t{scene.nx_pix}, "pixels of the image along x"},
      {"NY", std::int64_t{scene.ny_pix}, "pixels of the image along y"},
      {"BANDS", fmt::format("{}", fmt::join(run.bands, ",")), "bands of the columns"},
      {"BOXSIZE", std::int64_t{run.grid.stamp_size_pix},
       "pix, where fluxes are summed"},
      {"CORERAD", run.measure.aperture_radius_pix.back(), "pix, of core_flux_fraction"},
      {"LMPASS", std::int64_t{config.field.pass}, "pass of the injections, from 0"},
      {"NPASSES", std::int64_t{scene.passes}, "passes that all rows take"},
      {"NDEFER", scene.of_other_passes, "rows that belong to other passes"},
      {"LMHASH", identity.config_hash.substr(0, 40),
       "of configuration and input files"}};
  io::fits::Writer fits;
  fits.add_table("INJECTIONS", truth, cards);
  fits.save(folder.truth_fits());

  const auto partial = io::own_partial(folder.truth_h5());
  io::make_new(partial);
  {
    auto file = io::hdf5::File::create(partial);
    write_origin(file, "injections of a lensmill field");
    file.write_attribute("config_hash", identity.config_hash);
    file.write_attribute("field_id", run.run.name);
    file.write_attribute("pixel_scale_arcsec", run.grid.pixel_scale_arcsec);
    file.write_attribute("nx_pix", scene.nx_pix);
    file.write_attribute("ny_pix", scene.ny_pix);
    file.write_attribute("bands", std::span<const std::string>(run.bands));
    file.write_attribute("pass", config.field.pass);
    file.write_attribute("passes", scene.passes);
    provenance.write(file);
    for (const auto& column : truth) {
      auto info = column.info();
      info.name = "injections/" + info.name;
      io::hdf5::Transfer transfer;
      file.create_column(info, column.rows())
          .write_rows_raw(0, column.rows(), info.type, column.bytes().data(), transfer);
    }
    file.close();
  }
  io::publish(partial, folder.truth_h5());
  io::remove_dead_partials_of(folder.truth_h5());
}

namespace {

/// The field against stamps, over the injections that no neighbour, edge or lack of
/// data touches: what is left is the light that a stamp has not, and the PSF's change
/// over an arc.
std::string against_stamps(const Table& truth, const FieldConfig& config) {
  const auto flags = find_column(truth, "field_flags")->values<std::int32_t>();
  const auto status = find_column(truth, "status")->values<std::int32_t>();
  std::string text;
  for (const auto& band : config.run.bands) {
    const auto column = [&](const std::string& name) {
      return find_column(truth, name + "_" + band)->values<double>();
    };
    const auto flux = column("arc_flux_nmgy");
    const auto stamp_flux = column("stamp_arc_flux_nmgy");
    std::int64_t compared = 0;
    double worst_flux = 0.0;
    double worst_core = 0.0;
    for (std::size_t row = 0; row < flags.size(); ++row) {
      const double off = std::abs(flux[row] / stamp_flux[row] - 1.0);
      if (flags[row] != 0 || is_failure(static_cast<Status>(status[row])) ||
          !std::isfinite(off)) {
        continue;
      }
      ++compared;
      worst_flux = std::max(worst_flux, off);
      for (const double radius : config.run.measure.aperture_radius_pix) {
        const auto name = fmt::format("core_flux_fraction_r{:g}", radius);
        worst_core = std::max(
            worst_core, std::abs(column(name)[row] - column("stamp_" + name)[row]));
      }
    }
    text += compared == 0
                ? fmt::format(
                      "\n{}: no injection to compare with its stamp: all are "
                      "flagged or failed",
                      band)
                : fmt::format(
                      "\n{}: against stamps, {} injections without flags: arc "
                      "flux off by {:.1e} of it at most, core flux fraction by "
                      "{:.1e}",
                      band, grouped(compared), worst_flux, worst_core);
  }
  return text;
}

}  // namespace

std::string truth_text(const Table& truth, const FieldConfig& config) {
  const auto status = find_column(truth, "status")->values<std::int32_t>();
  std::map<std::int32_t, std::int64_t> counts;
  for (const auto value : status) ++counts[value];
  std::string text = "injections:";
  for (const auto& [value, rows] : counts) {
    text += fmt::format(" {} {}", grouped(rows), to_string(static_cast<Status>(value)));
  }
  const auto flags = find_column(truth, "field_flags")->values<std::int32_t>();
  const auto left_out = std::ranges::count_if(
      flags, [](std::int32_t value) { return (value & flag_left_out) != 0; });
  if (left_out > 0) {
    text += fmt::format(
        "\n{} have more than {:g} of their light off what is painted of them (flag "
        "{}): "
        "give a larger grid.stamp_size_pix",
        grouped(left_out), config.field.left_out_fraction,
        static_cast<int>(flag_left_out));
  }
  if (config.field.compare_with_stamps) text += against_stamps(truth, config);
  return text;
}

}  // namespace lensmill::pipeline
