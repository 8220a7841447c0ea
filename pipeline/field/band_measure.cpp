#include "pipeline/field/band_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

#include "lib/measure/aperture.hpp"
#include "lib/measure/snr.hpp"
#include "stages/psf_bank.hpp"

namespace lensmill::pipeline {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// Injections whose boxes are gathered at once, per rank.
constexpr std::int64_t boxes_at_once = 64;

/// One injection's numbers in one band, in the order of band_columns().
using Row = std::vector<double>;

measure::ApertureWeights core_of(const FieldConfig& config, const measure::Disc& disc) {
  const int n = config.run.grid.stamp_size_pix;
  return config.run.measure.aperture_mask == config::ApertureMask::pixel_centre
             ? measure::pixel_centre_weights(n, disc)
             : measure::pixel_overlap_weights(n, disc);
}

struct Boxes {
  const Image<float>& arc;
  const Image<float>& variance;
  const Image<float>* saddle;  ///< with `by_kind`, as the next
  const Image<float>* maximum;
};

Row measure_one(int band, const Boxes& boxes, const SceneEntry& entry,
                const PaintedRow& painted, const FieldConfig& config,
                const Session& session, Painter& painter) {
  const auto b = static_cast<std::size_t>(band);
  const auto& radii = config.run.measure.aperture_radius_pix;
  const auto corner = corner_of(entry, config.run.grid);
  const auto& truth = painter.truth_of(entry);
  const auto& psf = session.opened.inputs->psf[b];
  // Of a list, the kernel that the entry has.
  const auto psf_fwhm_pix =
      psf.kernels.empty()
          ? stages::fwhm_of(config.run.psf[b], psf, truth, band)
          : stages::fwhm_of(psf.kernels[static_cast<std::size_t>(truth.psf_index[b])]);
  double flux = 0.0;
  for (const float value : boxes.arc.pixels()) flux += static_cast<double>(value);
  const auto snr = measure::matched_filter_snr(boxes.arc, boxes.arc, boxes.variance)[0];
  const double lensed = painted.lensed_flux * entry.src_flux_nmgy[b];
  Row row{flux, lensed > 0.0 ? flux / lensed : nan, snr,
          psf_fwhm_pix * config.run.grid.pixel_scale_arcsec};

  const bool has_neighbour = (entry.flags & flag_neighbour) != 0;
  const Image<float>* own = nullptr;
  if (has_neighbour || config.field.compare_with_stamps) {
    own = &painter.as_stamp(entry).images[b].arc;
  }
  double own_flux = nan;
  if (own != nullptr) {
    own_flux = 0.0;
    for (const float value : own->pixels()) own_flux += static_cast<double>(value);
  }
  std::vector<double> core(radii.size());
  std::vector<double> own_core(radii.size(), nan);
  Row of_kinds;
  for (std::size_t r = 0; r < radii.size(); ++r) {
    const auto weights = core_of(config, {.x_pix = entry.x_pix - corner.x0,
                                          .y_pix = entry.y_pix - corner.y0,
                                          .radius_pix = radii[r]});
    core[r] = measure::aperture_sum(weights, boxes.arc);
    if (own != nullptr) own_core[r] = measure::aperture_sum(weights, *own);
    if (!config.field.by_kind) continue;
    const double saddle = measure::aperture_sum(weights, *boxes.saddle);
    const double maximum = measure::aperture_sum(weights, *boxes.maximum);
    for (const double part : {core[r] - saddle - maximum, saddle, maximum}) {
      of_kinds.push_back(flux > 0.0 ? part / flux : nan);
    }
  }
  row.push_back(flux > 0.0 ? core.back() / flux : nan);
  for (const double value : core) row.push_back(flux > 0.0 ? value / flux : nan);
  for (std::size_t r = 0; r < radii.size(); ++r) {
    row.push_back(has_neighbour ? core[r] - own_core[r] : 0.0);
  }
  row.insert(row.end(), of_kinds.begin(), of_kinds.end());
  if (!config.field.compare_with_stamps) return row;
  row.push_back(own_flux);
  for (const double value : own_core) row.push_back(value / own_flux);
  return row;
}

/// What travels to the root of each row: its order, what rendering found, its numbers.
void pack_row(std::int64_t order, const PaintedRow& painted, const Row& row,
              canvas::Bytes& message) {
  canvas::pack(order, message);
  canvas::pack(painted, message);
  canvas::pack(std::span<const double>(row), message);
}

}  // namespace

std::vector<ColumnInfo> band_columns(const FieldConfig& config,
                                     const std::string& band) {
  const auto& radii = config.run.measure.aperture_radius_pix;
  std::vector<ColumnInfo> columns;
  const auto add = [&](std::string name, std::string unit, std::string text,
                       ElementType type = ElementType::float64) {
    columns.push_back({.name = std::move(name),
                       .unit = std::move(unit),
                       .description = std::move(text),
                       .type = type,
                       .row_shape = {}});
  };
  const auto of_band = [&](std::string_view name) {
    return fmt::format("{}_{}", name, band);
  };
  add("status", "", "0 ok, else why not (lensmill statuses)", ElementType::int32);
  add("field_flags", "", "bits: what to know before the row is counted",
      ElementType::int32);
  add("render_margin_pix", "pix", "painted beyond the stamp on each side",
      ElementType::int32);
  add("left_out_fraction", "", "of the lensed light, off what is painted");
  add("magnification", "", "lensed over unlensed flux, extended grid");
  add("render_error", "", "estimated worst pixel error over the peak, before the PSF");
  add(of_band("arc_flux_nmgy"), "nmgy", "arc light in the box of the stamp's size");
  add(of_band("flux_in_stamp_fraction"), "", "that over the injection's lensed flux");
  add(of_band("arc_snr"), "", "matched-filter SNR of the arc light in the box");
  add(of_band("psf_fwhm_arcsec"), "arcsec", "width of the PSF at the injection");
  add(of_band("core_flux_fraction"), "",
      fmt::format("arc light within {:g} pix of the lens over that in the box",
                  radii.back()));
  for (const double radius : radii) {
    add(of_band(fmt::format("core_flux_fraction_r{:g}", radius)), "",
        fmt::format("the same within {:g} pix", radius));
  }
  for (const double radius : radii) {
    add(of_band(fmt::format("neighbour_flux_nmgy_r{:g}", radius)), "nmgy",
        fmt::format("of other arcs within {:g} pix of the lens", radius));
  }
  for (const double radius : config.field.by_kind ? radii : std::vector<double>{}) {
    for (const char* kind : {"minimum", "saddle", "maximum"}) {
      add(of_band(fmt::format("core_flux_fraction_{}_r{:g}", kind, radius)), "",
          fmt::format("part of core_flux_fraction_r{:g} in light of {} images", radius,
                      kind));
    }
  }
  if (!config.field.compare_with_stamps) return columns;
  add(of_band("stamp_arc_flux_nmgy"), "nmgy",
      "arc_flux_nmgy of the injection as a stamp");
  for (const double radius : radii) {
    add(of_band(fmt::format("stamp_core_flux_fraction_r{:g}", radius)), "",
        fmt::format("its core_flux_fraction within {:g} pix", radius));
  }
  return columns;
}

Table measure_band(int band, const BandSlabs& slabs, const FieldConfig& config,
                   const Session& session, const Scene& scene, FieldCanvas& canvas,
                   const parallel::Communicator& ranks, FieldTimings& timings) {
  const Stopwatch watch(timings.measure);
  const auto columns =
      band_columns(config, config.run.bands[static_cast<std::size_t>(band)]);
  constexpr std::size_t of_rendering = 6;
  const std::size_t numbers = columns.size() - of_rendering;
  const auto count = static_cast<std::int64_t>(scene.entries.size());
  const std::int64_t block = boxes_at_once * ranks.size();
  const int n = config.run.grid.stamp_size_pix;
  std::vector<canvas::Bytes> to(static_cast<std::size_t>(ranks.size()));
  for (std::int64_t first = 0; first < count; first += block) {
    std::vector<canvas::Place> places;
    std::vector<std::int64_t> mine;
    for (std::int64_t k = first; k < std::min(count, first + block); ++k) {
      const auto corner =
          corner_of(scene.entries[static_cast<std::size_t>(k)], config.run.grid);
      if (!scene.entries[static_cast<std::size_t>(k)].is_painted()) continue;
      places.push_back({k, corner.y0, corner.x0, n, n});
      if (canvas.owner(k) == ranks.rank()) mine.push_back(k);
    }
    const auto owner = [&](std::int64_t k) { return canvas.owner(k); };
    const auto arcs = cut_boxes(slabs.arc, places, owner, 0.0F, ranks);
    const auto variances = cut_boxes(slabs.variance, places, owner, 0.0F, ranks);
    std::vector<Image<float>> saddles, maxima;
    if (config.field.by_kind) {
      saddles = cut_boxes(slabs.arc_saddle, places, owner, 0.0F, ranks);
      maxima = cut_boxes(slabs.arc_maximum, places, owner, 0.0F, ranks);
    }
    ranks.agree([&] {
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const auto& entry = scene.entries[static_cast<std::size_t>(mine[i])];
        const auto& painted = canvas.painted().at(mine[i]);
        const bool is_lit = can_go_on(static_cast<Status>(painted.status));
        pack_row(mine[i], painted,
                 is_lit ? measure_one(band,
                                      {arcs[i], variances[i],
                                       saddles.empty() ? nullptr : &saddles[i],
                                       maxima.empty() ? nullptr : &maxima[i]},
                                      entry, painted, config, session, canvas.painter())
                        : Row(numbers, nan),
                 to[0]);
      }
    });
  }
  const auto received = canvas::exchange_messages(ranks, to);
  Table table;
  if (!ranks.is_root()) return table;
  const auto rows = static_cast<std::size_t>(count);
  for (const auto& info : columns) {
    auto& column = table.emplace_back(info, rows);
    if (info.type == ElementType::float64) {
      std::ranges::fill(column.values<double>(), nan);
    }
  }
  for (std::size_t k = 0; k < rows; ++k) {
    table[0].values<std::int32_t>()[k] =
        static_cast<std::int32_t>(scene.entries[k].status);
    table[1].values<std::int32_t>()[k] = scene.entries[k].flags;
  }
  for (const auto& message : received) {
    for (canvas::Unpacker rest(message); !rest.at_end();) {
      const auto k = static_cast<std::size_t>(rest.next<std::int64_t>());
      const auto painted = rest.next<PaintedRow>();
      table[0].values<std::int32_t>()[k] = painted.status;
      table[1].values<std::int32_t>()[k] |= painted.flags;
      table[2].values<std::int32_t>()[k] = painted.margin_pix;
      table[3].values<double>()[k] = painted.left_out_fraction;
      table[4].values<double>()[k] = painted.lensed_flux;
      table[5].values<double>()[k] = painted.render_error;
      for (std::size_t c = of_rendering; c < columns.size(); ++c) {
        table[c].values<double>()[k] = rest.next<double>();
      }
    }
  }
  return table;
}

}  // namespace lensmill::pipeline
