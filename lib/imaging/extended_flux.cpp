#include "lib/imaging/extended_flux.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

#include "lib/core/lanes.hpp"

namespace lensmill::imaging {
namespace {

constexpr int cells_per_stamp = 2;  // per axis
constexpr double flux_tolerance = 1.0e-4;
// Errors of the ring's cells add up: a cell may have this share of the tolerance.
constexpr double cell_share = 0.05;
// As deep as the stamp's own cells go, from half a stamp: 2^-11 pixel at 64 pixels.
constexpr int deepest_level = 16;
// Of one wave (256 MiB): a hundred times what sources need whose light does not cancel.
constexpr std::size_t most_cells = std::size_t{1} << 21;

}  // namespace

double ExtendedFlux::total(const LensedSource& object, int margin_pix,
                           ArcPlanes& planes, Workspace& w) const {
  const int n = grid_.stamp_size_pix;
  double flux = 0.0;
  for (std::size_t k = 0; k < lens::kind_count; ++k) {
    double& of_kind = planes.stamp_flux[k];
    of_kind = 0.0;
    for (int row = 0; planes.present[k] && row < n; ++row) {
      of_kind += lane_sum(planes.pixel.plane[k]
                              .view()
                              .row(row + margin_pix)
                              .subspan(static_cast<std::size_t>(margin_pix),
                                       static_cast<std::size_t>(n)));
    }
    flux += of_kind;
  }

  // Cells are squares of `side` pixels: shoot them on a grid of such "pixels".
  const double side = static_cast<double>(n) / cells_per_stamp;
  const PixelGrid coarse{.stamp_size_pix = 3 * cells_per_stamp,
                         .pixel_scale_arcsec = side * grid_.pixel_scale_arcsec};
  w.cells.clear();
  for (int row = 0; row < coarse.stamp_size_pix; ++row) {
    for (int column = 0; column < coarse.stamp_size_pix; ++column) {
      const auto inside = [](int k) {
        return k >= cells_per_stamp && k < 2 * cells_per_stamp;
      };
      if (inside(row) && inside(column)) continue;
      w.cells.push_back(
          {.x_pix = static_cast<double>(column), .y_pix = static_cast<double>(row)});
    }
  }
  const double area = coarse.pixel_scale_arcsec * coarse.pixel_scale_arcsec;
  double outside = 0.0;
  planes.outside.clear();
  while (!w.cells.empty()) {
    w.estimates.clear();
    for (std::size_t first = 0; first < w.cells.size(); first += cells_per_batch) {
      const auto part = std::span<const Cell>(w.cells).subspan(
          first, std::min(cells_per_batch, w.cells.size() - first));
      w.batch.evaluate(part, coarse, object);
      for (std::size_t c = 0; c < part.size(); ++c) {
        w.estimates.push_back(w.batch.estimate(c));
      }
    }
    planes.evaluations += static_cast<long>(w.cells.size()) * samples_per_cell;
    double pending = 0.0;
    const auto cell_area = [area](const Cell& cell) {
      return area / static_cast<double>(std::int64_t{1} << (2 * cell.level));
    };
    for (std::size_t c = 0; c < w.cells.size(); ++c) {
      pending += cell_area(w.cells[c]) * w.estimates[c].mean_brightness;
    }
    const double tolerance = cell_share * flux_tolerance * (flux + outside + pending);
    w.next.clear();
    for (std::size_t c = 0; c < w.cells.size(); ++c) {
      const double scale = cell_area(w.cells[c]);
      const CellEstimate& estimate = w.estimates[c];
      if (scale * (estimate.brightness_error + estimate.structure_error) > tolerance &&
          w.cells[c].level < deepest_level) {
        quarter(w.cells[c], w.next);
      } else {
        const double cell_flux = scale * estimate.mean_brightness;
        outside += cell_flux;
        if (cell_flux != 0.0) {
          const Cell& cell = w.cells[c];
          planes.outside.push_back({.x_pix = (cell.x_pix + 0.5) * side - n - 0.5,
                                    .y_pix = (cell.y_pix + 0.5) * side - n - 0.5,
                                    .half_pix = cell.half_pix() * side,
                                    .flux = cell_flux});
        }
      }
    }
    if (w.next.size() > most_cells) return std::numeric_limits<double>::quiet_NaN();
    std::swap(w.cells, w.next);
  }
  return flux + outside;
}

}  // namespace lensmill::imaging
