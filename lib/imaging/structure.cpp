#include "lib/imaging/structure.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/render_accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace lensmill::imaging {
namespace {

// As for the cusp at the centre (cell_error.hpp).
constexpr double cusp_share = render_accuracy.share_inside;
constexpr double cusp_distance = render_accuracy.reach_of_inside;
// Of the rule's nine points in a strip thinner than the structure, these are different.
constexpr double points_of_a_strip = 3.0;

/// Share of the samples' range by which the rule errs with a singular point at this
/// distance from the cell's middle: rho^-6 (cell_error.hpp), joined to the share of a
/// cusp inside.
double singular_share(double distance) {
  if (distance <= cusp_distance) return cusp_share;
  const double join = cusp_distance + std::sqrt(cusp_distance * cusp_distance - 1.0);
  const double rho = distance + std::sqrt(distance * distance - 1.0);
  const double ratio = join / rho;
  const double cubed = ratio * ratio * ratio;
  return cusp_share * cubed * cubed;
}

/// Radius about the cell's middle, in the source plane, that contains all of the cell;
/// the floor keeps a degenerate map (all rays on one point) finite.
double footprint_of(const CellSamples& s) {
  double square = 0.0;
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    const double dx = s.source_x_arcsec[k] - s.source_x_arcsec[4];
    const double dy = s.source_y_arcsec[k] - s.source_y_arcsec[4];
    square = std::max(square, dx * dx + dy * dy);
  }
  return node_to_edge * std::sqrt(square) + 1.0e-12;
}

/// Correlation length over the cell's shorter side in the source plane.
double cells_alike(const CellSamples& s, double scale, double footprint) {
  const double ux = s.source_x_arcsec[5] - s.source_x_arcsec[3];
  const double uy = s.source_y_arcsec[5] - s.source_y_arcsec[3];
  const double vx = s.source_x_arcsec[7] - s.source_x_arcsec[1];
  const double vy = s.source_y_arcsec[7] - s.source_y_arcsec[1];
  const double area = std::abs(ux * vy - uy * vx) * node_to_edge * node_to_edge;
  const double longer_side = std::numbers::sqrt2 * footprint;
  return std::max(1.0, scale * longer_side / std::max(area, 1.0e-24));
}

void state_image(const light::Brightness& source, const CellSamples& s,
                 double lens_distance, CellEstimate& estimate) {
  const auto [low, high] =
      std::minmax_element(s.brightness.begin(), s.brightness.end());
  const double footprint = footprint_of(s);
  estimate.brightness_error = 0.0;
  if (std::isfinite(lens_distance)) {
    estimate.brightness_error = singular_share(lens_distance) * (*high - *low);
  }
  estimate.smooth_error = estimate.brightness_error;
  estimate.bounded_brightness = estimate.mean_brightness;
  estimate.alike = cells_alike(s, source.structure_scale_arcsec(), footprint);
  estimate.structure_error =
      source.structure_error(s.source_x_arcsec[4], s.source_y_arcsec[4], footprint) *
      std::sqrt(std::min(points_of_a_strip, estimate.alike));
}

void add_cusps(const light::Brightness& source, const CellSamples& s,
               CellEstimate& estimate) {
  const auto cusps = source.further_cusps();
  const auto [low, high] =
      std::minmax_element(s.brightness.begin(), s.brightness.end());
  const double footprint = footprint_of(s);
  for (std::size_t c = 0; c < cusps.size(); ++c) {
    const double from_x = s.source_x_arcsec[4] - cusps[c].x_arcsec;
    const double from_y = s.source_y_arcsec[4] - cusps[c].y_arcsec;
    const double distance = std::sqrt(from_x * from_x + from_y * from_y) / footprint;
    const double share = singular_share(distance);
    double hidden = 0.0;
    if (distance < cusp_distance) {
      const double bound =
          brightness_bound(estimate.source_area_arcsec2,
                           [&](double r) { return source.flux_within_cusp(c, r); });
      hidden = share * std::max(0.0, bound - *high);
    }
    estimate.hidden_error += hidden;
    estimate.brightness_error += share * (*high - *low) + hidden;
  }
}

/// Whether the source has structure within reach of a ray that stands for `footprint`
/// about it.
bool has_structure(const light::Brightness& source, double x, double y,
                   double footprint) {
  if (source.cusp_radius_arcsec() < 0.0) {
    return source.structure_error(x, y, footprint) > 0.0;
  }
  const double reach = render_accuracy.cusp_footprints * footprint;
  return std::ranges::any_of(source.further_cusps(), [&](const light::Cusp& cusp) {
    const double dx = x - cusp.x_arcsec;
    const double dy = y - cusp.y_arcsec;
    return dx * dx + dy * dy < reach * reach;
  });
}

}  // namespace

void add_structure(const light::Brightness& source, const CellSamples& samples,
                   double lens_distance, CellEstimate& estimate) {
  if (source.cusp_radius_arcsec() < 0.0) {
    state_image(source, samples, lens_distance, estimate);
  } else {
    add_cusps(source, samples, estimate);
  }
}

void mark_structured_pixels(const CentreGrid& centres, const light::Brightness& source,
                            std::vector<PixelClass>& classes) {
  if (!light::is_structured(source)) return;
  const auto x = centres.rays().source_x();
  const auto y = centres.rays().source_y();
  const int first = -centres.margin();
  const int end = centres.side() + first;
  auto out = classes.begin();
  for (int row = first; row < end; ++row) {
    for (int column = first; column < end; ++column, ++out) {
      const std::size_t k = centres.index(row, column);
      double square = 0.0;  // to the farthest neighbour
      for (int j = -1; j <= 1; ++j) {
        for (int i = -1; i <= 1; ++i) {
          const std::size_t other = centres.index(row + j, column + i);
          const double dx = x[other] - x[k];
          const double dy = y[other] - y[k];
          square = std::max(square, dx * dx + dy * dy);
        }
      }
      if (has_structure(source, x[k], y[k], std::sqrt(square))) *out = rough_pixel;
    }
  }
}

}  // namespace lensmill::imaging
