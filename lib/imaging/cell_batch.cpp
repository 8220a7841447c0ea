#include "lib/imaging/cell_batch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/multiversion.hpp"
#include "lib/imaging/structure.hpp"

namespace lensmill::imaging {
namespace {

LENSMILL_MULTIVERSION void place_nodes(std::size_t n, const double* centre,
                                       const double* half, double node,
                                       double* __restrict out) {
  for (std::size_t c = 0; c < n; ++c) out[c] = centre[c] + half[c] * node;
}

LENSMILL_MULTIVERSION void distances(std::size_t n, const double* x, const double* y,
                                     const double* half, double* __restrict out) {
  for (std::size_t c = 0; c < n; ++c) {
    out[c] = std::sqrt(x[c] * x[c] + y[c] * y[c]) / half[c];
  }
}

}  // namespace

void CellBatch::evaluate(std::span<const Cell> cells, const PixelGrid& grid,
                         const LensedSource& object) {
  const std::size_t n = cells.size();
  cells_ = n;
  for (auto* column : {&x_arcsec_, &y_arcsec_, &half_arcsec_, &lens_distance_}) {
    if (column->size() < n) column->resize(detail::padded(n));
  }
  for (std::size_t c = 0; c < n; ++c) {
    x_arcsec_[c] = grid.arcsec_from_pix(cells[c].x_pix) - object.lens_x_arcsec;
    y_arcsec_[c] = grid.arcsec_from_pix(cells[c].y_pix) - object.lens_y_arcsec;
    half_arcsec_[c] = cells[c].half_pix() * grid.pixel_scale_arcsec;
  }
  if (object.lens->is_singular_at_centre()) {
    distances(n, x_arcsec_.data(), y_arcsec_.data(), half_arcsec_.data(),
              lens_distance_.data());
  } else {
    std::fill_n(lens_distance_.begin(), n, std::numeric_limits<double>::infinity());
  }
  rays_.resize(n * samples_per_cell);
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    place_nodes(n, x_arcsec_.data(), half_arcsec_.data(), gauss_node[k % 3],
                rays_.x().data() + k * n);
    place_nodes(n, y_arcsec_.data(), half_arcsec_.data(), gauss_node[k / 3],
                rays_.y().data() + k * n);
  }
  rays_.shoot(object);
  errors_.estimate({.cells = n,
                    .brightness = rays_.brightness().data(),
                    .source_x_arcsec = rays_.source_x().data(),
                    .source_y_arcsec = rays_.source_y().data(),
                    .determinant = rays_.determinant().data()},
                   *object.source, {lens_distance_.data(), n}, {half_arcsec_.data(), n},
                   estimates_);
  if (!light::is_structured(*object.source)) return;
  for (std::size_t c = 0; c < n; ++c) {
    add_structure(*object.source, samples(c), lens_distance_[c], estimates_[c]);
  }
}

std::array<double, samples_per_cell> CellBatch::brightness(std::size_t cell) const {
  std::array<double, samples_per_cell> values;
  const double* from = rays_.brightness().data() + cell;
  for (std::size_t k = 0; k < samples_per_cell; ++k) values[k] = from[k * cells_];
  return values;
}

CellSamples CellBatch::samples(std::size_t cell) const {
  CellSamples s;
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    const std::size_t at = k * cells_ + cell;
    s.brightness[k] = rays_.brightness()[at];
    s.source_x_arcsec[k] = rays_.source_x()[at];
    s.source_y_arcsec[k] = rays_.source_y()[at];
    s.determinant[k] = rays_.determinant()[at];
    s.trace[k] = rays_.trace()[at];
  }
  return s;
}

void quarter(const Cell& cell, std::vector<Cell>& out) {
  const double step = 0.5 * cell.half_pix();
  for (int j = 0; j < 2; ++j) {
    for (int i = 0; i < 2; ++i) {
      Cell child = cell;
      child.level = static_cast<std::int16_t>(cell.level + 1);
      child.sub_x = static_cast<std::int16_t>(2 * cell.sub_x + i);
      child.sub_y = static_cast<std::int16_t>(2 * cell.sub_y + j);
      child.x_pix = cell.x_pix + (i == 0 ? -step : step);
      child.y_pix = cell.y_pix + (j == 0 ? -step : step);
      out.push_back(child);
    }
  }
}

}  // namespace lensmill::imaging
