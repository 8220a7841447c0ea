#include "lib/imaging/point_light.hpp"

#include <cmath>

namespace lensmill::imaging {
namespace {

/// Whether a point lies in the pixels of a stamp with `margin` pixels around it.
bool is_within(const PointLight& point, int stamp_size_pix, int margin) {
  const auto is_inside = [&](double pix) {
    const double pixel = std::floor(pix + 0.5);
    return pixel >= -margin && pixel < stamp_size_pix + margin;
  };
  return is_inside(point.x_pix) && is_inside(point.y_pix);
}

}  // namespace

void scale_light(double factor, ArcPlanes& planes) {
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    if (!planes.present[kind]) continue;
    for (auto* plane : {&planes.pixel.plane[kind], &planes.lattice.plane[kind]}) {
      for (double& value : plane->pixels()) value *= factor;
    }
    planes.stamp_flux[kind] *= factor;
    for (auto& flux : planes.disc_flux) flux[kind] *= factor;
  }
  for (auto& cell : planes.outside) cell.flux *= factor;
  planes.total_flux *= factor;
}

void add_point(const RenderConfig& config, const SplineDeposit& spline,
               const CoreCentre& core, const PointLight& point, ArcPlanes& planes) {
  const int n = config.grid.stamp_size_pix;
  const int margin = config.lattice.margin_pix;
  const auto kind = static_cast<std::size_t>(lens::kind_index(point.kind));
  if (is_within(point, n, n)) planes.total_flux += point.flux;
  if (is_within(point, n, 0)) {
    planes.stamp_flux[kind] += point.flux;
  } else if (is_within(point, n, n)) {
    planes.outside.push_back({.x_pix = point.x_pix,
                              .y_pix = point.y_pix,
                              .half_pix = 0.0,
                              .flux = point.flux});
  }
  if (!is_within(point, n, margin)) return;
  planes.present[kind] = true;
  const int column = static_cast<int>(std::floor(point.x_pix + 0.5));
  const int row = static_cast<int>(std::floor(point.y_pix + 0.5));
  planes.pixel.plane[kind](row + margin, column + margin) += point.flux;
  spline.add_point(point.x_pix, point.y_pix, point.flux, planes.lattice.plane[kind]);
  const double dx = point.x_pix - core.x_pix;
  const double dy = point.y_pix - core.y_pix;
  for (std::size_t r = 0; r < config.disc_radius_pix.size(); ++r) {
    const double radius = config.disc_radius_pix[r];
    if (dx * dx + dy * dy < radius * radius) planes.disc_flux[r][kind] += point.flux;
  }
}

}  // namespace lensmill::imaging
