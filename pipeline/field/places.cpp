#include "pipeline/field/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/core/random_stream.hpp"
#include "lib/core/text.hpp"
#include "pipeline/inputs/survey_positions.hpp"

namespace lensmill::pipeline {
namespace {

std::vector<PixelPosition> on_grid(const GridPlaces& grid, std::uint64_t seed,
                                   const Scene& scene, std::int64_t count) {
  // A grid of whole cells, in the image's middle.
  const auto cells = [&](int side) {
    return static_cast<std::int64_t>(std::floor(side / grid.spacing_pix));
  };
  const std::int64_t columns = cells(scene.nx_pix);
  const std::int64_t rows = cells(scene.ny_pix);
  if (columns * rows < count) {
    throw ConfigError(fmt::format(
        "field.positions.grid: {} x {} places {:g} pix apart are fewer than the "
        "catalogue's {} rows; give a smaller spacing_pix, a larger field or fewer rows",
        columns, rows, grid.spacing_pix, grouped(count)));
  }
  const auto first = [&](int side, std::int64_t n) {
    return 0.5 * (side - 1) - 0.5 * static_cast<double>(n - 1) * grid.spacing_pix;
  };
  const double x0 = first(scene.nx_pix, columns);
  const double y0 = first(scene.ny_pix, rows);
  std::vector<PixelPosition> places;
  for (std::int64_t k = 0; k < count; ++k) {
    RandomStream stream(seed, k, stream_of_places);
    const double dx = grid.jitter_pix * (2.0 * stream.uniform() - 1.0);
    const double dy = grid.jitter_pix * (2.0 * stream.uniform() - 1.0);
    places.push_back({x0 + static_cast<double>(k % columns) * grid.spacing_pix + dx,
                      y0 + static_cast<double>(k / columns) * grid.spacing_pix + dy});
  }
  return places;
}

/// Entries by square cells, for those near a place.
class Cells {
 public:
  explicit Cells(double side) : side_(side) {}
  void add(double x, double y, std::size_t index) { of_[cell(x, y)].push_back(index); }
  /// Calls use(index) for all in the cells about a place: none within `side` is missed.
  template <class Use>
  void near(double x, double y, Use use) const {
    const auto [i, j] = cell(x, y);
    for (std::int64_t b = j - 1; b <= j + 1; ++b) {
      for (std::int64_t a = i - 1; a <= i + 1; ++a) {
        const auto found = of_.find({a, b});
        if (found == of_.end()) continue;
        for (const std::size_t index : found->second) use(index);
      }
    }
  }

 private:
  std::pair<std::int64_t, std::int64_t> cell(double x, double y) const {
    return {static_cast<std::int64_t>(std::floor(x / side_)),
            static_cast<std::int64_t>(std::floor(y / side_))};
  }
  double side_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> of_;
};

}  // namespace

std::vector<PixelPosition> pixels_of_table(const config::SurveyPositions& table,
                                           const Scene& scene, const std::string& key) {
  const HostPositions found = read_positions(table);
  std::vector<PixelPosition> places;
  std::optional<io::fits::SkyWcs> wcs;
  if (found.frame == config::PositionFrame::sky) {
    if (!scene.has_wcs) {
      throw ConfigError(
          fmt::format("{}: {} gives sky positions, and the image has no WCS; state "
                      "field.centre_deg, or `frame: pixel` and the columns",
                      key, table.file));
    }
    wcs.emplace(scene.header, "the field");
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t k = 0; k < found.first.size(); ++k) {
    std::optional<io::fits::FitsPixel> pixel =
        wcs ? wcs->pixel_of({.ra_deg = found.first[k], .dec_deg = found.second[k]})
            : std::optional(io::fits::FitsPixel{found.first[k], found.second[k]});
    places.push_back(pixel ? PixelPosition{pixel->x - 1.0, pixel->y - 1.0}
                           : PixelPosition{nan, nan});
  }
  return places;
}

std::int64_t rows_taken(const FieldConfig& config, const Scene& scene,
                        std::int64_t count) {
  const auto& density = config.field.positions.density_per_arcmin2;
  if (!density) return count;
  const double arcmin = config.run.grid.pixel_scale_arcsec / 60.0;
  const double area =
      arcmin * arcmin * scene.nx_pix * static_cast<double>(scene.ny_pix);
  const auto wanted = std::max<std::int64_t>(1, std::llround(*density * area));
  if (wanted <= count) return wanted;
  throw ConfigError(fmt::format(
      "field.positions.density_per_arcmin2: {:g} on {:.4g} square arcmin are {} "
      "injections, and the catalogue has {} rows; give it as many",
      *density, area, grouped(wanted), grouped(count)));
}

std::vector<PixelPosition> places_of(const FieldConfig& config, const Scene& scene,
                                     std::int64_t count) {
  const auto& positions = config.field.positions;
  const std::uint64_t seed = config.run.run.seed;
  if (positions.grid) return on_grid(*positions.grid, seed, scene, count);
  if (positions.file) {
    auto places = pixels_of_table(*positions.file, scene, "field.positions.file");
    if (static_cast<std::int64_t>(places.size()) != count) {
      throw ConfigError(fmt::format(
          "field.positions.file: {} has {} places (after its cuts), and the catalogue "
          "{} rows; each row takes the place of its number, so give as many",
          positions.file->file, grouped(static_cast<std::int64_t>(places.size())),
          grouped(count)));
    }
    return places;
  }
  std::vector<PixelPosition> places;
  for (std::int64_t k = 0; k < count; ++k) {
    RandomStream stream(seed, k, stream_of_places);
    const double x = scene.nx_pix * stream.uniform() - 0.5;
    places.push_back({x, scene.ny_pix * stream.uniform() - 0.5});
  }
  return places;
}

void assign_passes(double exclusion_pix, std::vector<SceneEntry>& entries) {
  if (!(exclusion_pix > 0.0)) return;
  Cells cells(exclusion_pix);
  for (std::size_t k = 0; k < entries.size(); ++k) {
    auto& entry = entries[k];
    if (!entry.is_painted()) continue;
    std::set<std::int32_t> taken;
    cells.near(entry.x_pix, entry.y_pix, [&](std::size_t other) {
      const double distance = std::hypot(entries[other].x_pix - entry.x_pix,
                                         entries[other].y_pix - entry.y_pix);
      if (distance < exclusion_pix) taken.insert(entries[other].pass);
    });
    while (taken.contains(entry.pass)) ++entry.pass;
    cells.add(entry.x_pix, entry.y_pix, k);
  }
}

void flag_neighbours(double reach_pix, std::vector<SceneEntry>& entries) {
  constexpr double same_place_pix = 1.0;
  Cells cells(reach_pix);
  for (std::size_t k = 0; k < entries.size(); ++k) {
    auto& entry = entries[k];
    if (!entry.is_painted()) continue;
    cells.near(entry.x_pix, entry.y_pix, [&](std::size_t other) {
      const double dx = std::abs(entries[other].x_pix - entry.x_pix);
      const double dy = std::abs(entries[other].y_pix - entry.y_pix);
      if (std::max(dx, dy) >= reach_pix) return;
      const std::int32_t same =
          std::hypot(dx, dy) < same_place_pix ? flag_same_place : 0;
      entry.flags |= flag_neighbour | same;
      entries[other].flags |= flag_neighbour | same;
    });
    cells.add(entry.x_pix, entry.y_pix, k);
  }
}

void avoid_objects(const std::vector<PixelPosition>& objects, double radius_pix,
                   std::vector<SceneEntry>& entries) {
  Cells cells(radius_pix);
  for (std::size_t k = 0; k < objects.size(); ++k) {
    if (std::isfinite(objects[k][0])) cells.add(objects[k][0], objects[k][1], k);
  }
  for (auto& entry : entries) {
    if (!entry.is_painted()) continue;
    cells.near(entry.x_pix, entry.y_pix, [&](std::size_t k) {
      if (std::hypot(objects[k][0] - entry.x_pix, objects[k][1] - entry.y_pix) >=
          radius_pix) {
        return;
      }
      entry.flags |= flag_avoided;
      entry.status = Status::bad_host;
    });
  }
}

}  // namespace lensmill::pipeline
