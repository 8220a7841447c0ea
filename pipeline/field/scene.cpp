#include "pipeline/field/scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/psf/psfex_range.hpp"
#include "pipeline/field/base_image.hpp"
#include "pipeline/field/places.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::int64_t rows_at_once = 4096;

/// Rows of a field share its PSF and its sky. \throws ConfigError
void check_shared(const catalogue::Injection& row, const catalogue::Injection& first,
                  const config::RunConfig& config) {
  const auto same = [](double a, double b) { return a == b || (a != a && b != b); };
  for (std::size_t b = 0; b < config.bands.size(); ++b) {
    const bool one_psf = same(row.psf_fwhm_pix[b], first.psf_fwhm_pix[b]) &&
                         same(row.psf_moffat_beta, first.psf_moffat_beta) &&
                         row.psf_index[b] == first.psf_index[b];
    if (!one_psf) {
      throw ConfigError(fmt::format(
          "psf.{}: rows {} and {} have different PSFs, and a field has one per band; "
          "state a number instead of a distribution, or one kernel (`plane`)",
          config.bands[b], first.injection_id, row.injection_id));
    }
    if (!same(row.sky_sigma_nmgy[b], first.sky_sigma_nmgy[b])) {
      throw ConfigError(fmt::format(
          "noise.sky_sigma_nmgy.{}: rows {} and {} differ, and a field has one sky per "
          "band; state a number",
          config.bands[b], first.injection_id, row.injection_id));
    }
  }
  if (row.src_target_snr > 0.0) {
    throw ConfigError(
        "priors.src_target_snr: a field's sources have fluxes of their own; give "
        "src_mag_<band> or src_flux_nmgy_<band>");
  }
}

/// Leave out injections whose central pixel has no data in some band.
void check_data(const FieldConfig& config, const Scene& scene,
                std::vector<SceneEntry>& entries) {
  for (const auto& band : config.field.base) {
    // Row by row of the image: entries in rising y, a row read once.
    std::vector<std::size_t> order;
    for (std::size_t k = 0; k < entries.size(); ++k) {
      if (entries[k].is_painted()) order.push_back(k);
    }
    std::ranges::stable_sort(order, {},
                             [&](std::size_t k) { return entries[k].y_pix; });
    BaseSlab slab;
    for (const std::size_t k : order) {
      const int x = static_cast<int>(std::lround(entries[k].x_pix));
      const int y = static_cast<int>(std::lround(entries[k].y_pix));
      constexpr int rows = 64;
      if (y < slab.invvar.rows.begin || y >= slab.invvar.rows.end) {
        const int begin = y / rows * rows;
        slab = read_base(band, {begin, std::min(begin + rows, scene.ny_pix)});
      }
      if (slab.invvar.row(y)[static_cast<std::size_t>(x)] > 0.0F) continue;
      entries[k].flags |= flag_no_data;
      entries[k].status = Status::no_coverage;
    }
  }
}

/// The maps of kernels, whole on every rank. \throws DataError: another shape, no pixel
/// that names a kernel
void read_psf_maps(const FieldConfig& config, const Session& session, Scene& scene) {
  for (std::size_t b = 0; b < config.run.bands.size(); ++b) {
    auto& map = scene.psf_map.emplace_back();
    const auto& path = config.field.psf_map[b];
    if (path.empty()) continue;
    check_shape_of(path, scene.ny_pix, scene.nx_pix);
    const auto slab = read_rows(path, {0, scene.ny_pix});
    map.reshape(scene.ny_pix, scene.nx_pix);
    const auto kernels = session.opened.inputs->psf[b].kernels.size();
    bool any = false;
    for (std::size_t k = 0; k < map.size(); ++k) {
      const float value = slab.pixels.pixels()[k];
      const bool names = value >= 0.0F && value < static_cast<float>(kernels) &&
                         value == std::floor(value);
      map.pixels()[k] = static_cast<std::int16_t>(names ? value : -1.0F);
      any = any || names;
    }
    if (any) continue;
    throw DataError(
        fmt::format("{}: no pixel is the number of a kernel of psf.{} (0 to {})", path,
                    config.run.bands[b], static_cast<std::int64_t>(kernels) - 1));
  }
}

/// Which kernel of a band's list an entry has; -1 in a hole of the map.
std::int64_t kernel_at(const Scene& scene, std::size_t band, const SceneEntry& entry) {
  const auto& map = scene.psf_map[band];
  if (map.size() == 0) return 0;
  const auto nearest = [](double pix, int size) {
    return std::clamp(static_cast<int>(std::lround(pix)), 0, size - 1);
  };
  return map(nearest(entry.y_pix, map.ny()), nearest(entry.x_pix, map.nx()));
}

void check_places(const FieldConfig& config, const Session& session, const Scene& scene,
                  std::vector<SceneEntry>& entries) {
  const int n = config.run.grid.stamp_size_pix;
  for (auto& entry : entries) {
    const bool on_image = entry.x_pix >= -0.5 && entry.x_pix < scene.nx_pix - 0.5 &&
                          entry.y_pix >= -0.5 && entry.y_pix < scene.ny_pix - 0.5;
    if (!on_image) {  // NaN too
      entry.flags |= flag_off_image;
      entry.status = Status::bad_host;
      continue;
    }
    const auto corner = corner_of(entry, config.run.grid);
    if (corner.x0 < 0 || corner.y0 < 0 || corner.x0 + n > scene.nx_pix ||
        corner.y0 + n > scene.ny_pix) {
      entry.flags |= flag_edge;
    }
    for (std::size_t b = 0; b < config.run.psf.size(); ++b) {
      const auto* model = session.opened.inputs->psf[b].model(0);
      if (model == nullptr || config.run.psf[b].extrapolate) continue;
      const auto ccd = first_pixel_on_ccd(config.run.psf[b], scene);
      if (!psf::beyond_psfex_model(*model, ccd[0] + entry.x_pix,
                                   ccd[1] + entry.y_pix)) {
        continue;
      }
      entry.flags |= flag_psf_range;
      entry.status = Status::bad_psf;
    }
    for (std::size_t b = 0; b < config.run.psf.size(); ++b) {
      if (kernel_at(scene, b, entry) >= 0) continue;
      entry.flags |= flag_psf_range;
      entry.status = Status::bad_psf;
    }
  }
}

/// Along x or y, between lenses whose arcs may share an aperture: light lies within
/// half of the box, and the PSF brings next to nothing farther than the other half.
double reach_of_arcs(const FieldConfig& config) {
  return config.run.grid.stamp_size_pix +
         std::ranges::max(config.run.measure.aperture_radius_pix);
}

void draw_rows(const FieldConfig& config, const Session& session, Scene& scene) {
  const auto& chain = session.chain();
  auto stamp = chain.make_stamp();
  const auto& rows = session.rows();
  const std::int64_t count = rows_taken(config, scene, rows.count());
  const auto places = places_of(config, scene, count);
  std::optional<catalogue::Injection> first;
  for (std::int64_t begin = 0; begin < count; begin += rows_at_once) {
    const auto block = rows.read(begin, std::min(rows_at_once, count - begin));
    for (std::size_t k = 0; k < block.rows(); ++k) {
      chain.begin(block.injection_id[k], block.row(k), stamp);
      chain.run(stages::Step::sample, stamp);
      const auto& injection = stamp.injection;
      if (!first) first = injection;
      check_shared(injection, *first, config.run);
      const auto row = begin + static_cast<std::int64_t>(k);
      const auto& place = places[static_cast<std::size_t>(row)];
      const double scale = config.run.grid.pixel_scale_arcsec;
      scene.entries.push_back({.row = row,
                               .injection_id = injection.injection_id,
                               .x_pix = place[0] + injection.lens_x_arcsec / scale,
                               .y_pix = place[1] + injection.lens_y_arcsec / scale,
                               .status = stamp.status,
                               .src_flux_nmgy = injection.src_flux_nmgy});
    }
  }
  scene.psf_row = *first;
  scene.sky_sigma_nmgy = first->sky_sigma_nmgy;
}

void check_sky(const FieldConfig& config, const Scene& scene) {
  if (!config.field.has_base()) return;
  for (std::size_t b = 0; b < config.run.bands.size(); ++b) {
    if (!config.run.noise.enabled || !(scene.sky_sigma_nmgy[b] > 0.0)) continue;
    throw ConfigError(fmt::format(
        "noise.sky_sigma_nmgy.{}: must be 0 with field.base (got {:g}): the image has "
        "its own noise, to which only the arcs' photons are added",
        config.run.bands[b], scene.sky_sigma_nmgy[b]));
  }
}

void report(const Scene& scene, Log& log) {
  const auto count = [&](FieldFlag flag) {
    return std::ranges::count_if(
        scene.entries, [&](const auto& entry) { return (entry.flags & flag) != 0; });
  };
  const auto warn = [&](FieldFlag flag, std::string_view what) {
    const auto rows = count(flag);
    if (rows == 0) return;
    log.warning(fmt::format("{} of {} injections {}", grouped(rows),
                            grouped(static_cast<std::int64_t>(scene.entries.size())),
                            what));
  };
  warn(flag_off_image, "are off the image: not painted (status bad_host)");
  warn(flag_psf_range,
       "are outside the range of the PSFEx model, or in a hole of psf_map: not painted "
       "(status bad_psf; "
       "`extrapolate: "
       "true` paints them)");
  warn(flag_no_data, "are where the image has no data: not painted (no_coverage)");
  warn(flag_avoided, "are too near to an existing object: not painted (bad_host)");
  warn(flag_same_place, "lie less than a pixel from another one");
  if (scene.of_other_passes > 0) {
    log.warning(fmt::format(
        "{} injections are nearer than field.positions.exclusion_pix to others and "
        "belong to other passes ({} in all); `--set field.pass=1` paints those of the "
        "next, in a folder of its own",
        grouped(scene.of_other_passes), scene.passes));
  }
}

}  // namespace

StampCorner corner_of(const SceneEntry& entry, const PixelGrid& grid) {
  const auto first = [&](double pix) {
    return static_cast<int>(std::floor(pix - grid.centre_pix() + 0.5));
  };
  return {.x0 = first(entry.x_pix), .y0 = first(entry.y_pix)};
}

std::array<double, 2> first_pixel_on_ccd(const config::PsfSection& psf,
                                         const Scene& scene) {
  return {(*psf.ccd_position)[0] - 0.5 * (scene.nx_pix - 1),
          (*psf.ccd_position)[1] - 0.5 * (scene.ny_pix - 1)};
}

void place_in_box(const SceneEntry& entry, const FieldConfig& config,
                  const Scene& scene, stages::Stamp& stamp) {
  const auto& grid = config.run.grid;
  const auto corner = corner_of(entry, grid);
  stamp.injection.lens_x_arcsec = grid.arcsec_from_pix(entry.x_pix - corner.x0);
  stamp.injection.lens_y_arcsec = grid.arcsec_from_pix(entry.y_pix - corner.y0);
  for (std::size_t b = 0; b < config.run.psf.size(); ++b) {
    if (scene.psf_map[b].size() > 0) {
      stamp.injection.psf_index[b] =
          std::max<std::int64_t>(0, kernel_at(scene, b, entry));
    }
    if (form_of(config.run.psf[b]) != config::PsfForm::model) continue;
    const auto ccd = first_pixel_on_ccd(config.run.psf[b], scene);
    stamp.injection.psf_x_pix[b] = ccd[0] + entry.x_pix;
    stamp.injection.psf_y_pix[b] = ccd[1] + entry.y_pix;
  }
}

Scene make_scene(const FieldConfig& config, const Session& session,
                 const parallel::Communicator& world, Log& log) {
  Scene scene;
  world.agree([&] {
    const auto& size = config.field.size_pix;
    if (config.field.has_base()) {
      auto geometry = look_at_base(config);
      scene.nx_pix = geometry.nx_pix;
      scene.ny_pix = geometry.ny_pix;
      scene.header = std::move(geometry.header);
      scene.has_wcs = geometry.has_wcs;
    } else {
      scene.nx_pix = size[0];
      scene.ny_pix = size[1];
      if (config.field.centre_deg) {
        scene.header = tan_cards(size[0], size[1], config.run.grid.pixel_scale_arcsec,
                                 *config.field.centre_deg);
        scene.has_wcs = true;
      }
    }
    read_psf_maps(config, session, scene);
    draw_rows(config, session, scene);
    check_sky(config, scene);
    auto& entries = scene.entries;
    check_places(config, session, scene, entries);
    check_data(config, scene, entries);
    const auto& positions = config.field.positions;
    if (positions.avoid) {
      avoid_objects(pixels_of_table(*positions.avoid, scene, "field.positions.avoid"),
                    positions.avoid_radius_pix, entries);
    }
    assign_passes(positions.exclusion_pix, entries);
    for (const auto& entry : entries) {
      scene.passes = std::max(scene.passes, entry.pass + 1);
    }
    const int pass = config.field.pass;
    scene.of_other_passes = std::ranges::count_if(
        entries, [&](const auto& entry) { return entry.pass != pass; });
    std::erase_if(entries, [&](const auto& entry) { return entry.pass != pass; });
    if (entries.empty()) {
      throw ConfigError(
          fmt::format("field.pass: no injection is in pass {}; there are {} "
                      "passes, counted from 0",
                      pass, scene.passes));
    }
    flag_neighbours(reach_of_arcs(config), entries);
  });
  report(scene, log);
  return scene;
}

}  // namespace lensmill::pipeline
