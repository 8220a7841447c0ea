#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/imaging/arc_renderer.hpp"

/// \file
/// Pixel images by brute force, to hold the adaptive integrator against.

namespace lensmill::test_support {

/// All kinds' flux per pixel of the stamp [y, x], by n x n midpoints in every pixel and
/// `central` times n (and axis) in the pixels within two of the lens centre, where the
/// lens map has no scale.
inline Image<double> dense_render(const imaging::LensedSource& object,
                                  const PixelGrid& grid, int n, int central) {
  Image<double> result(grid.stamp_size_pix, grid.stamp_size_pix);
  imaging::RaySamples rays;
  const double lens_x = grid.pix_from_arcsec(object.lens_x_arcsec);
  const double lens_y = grid.pix_from_arcsec(object.lens_y_arcsec);
  const double area = grid.pixel_scale_arcsec * grid.pixel_scale_arcsec;
  for (int y = 0; y < grid.stamp_size_pix; ++y) {
    for (int x = 0; x < grid.stamp_size_pix; ++x) {
      const bool near = std::abs(x - lens_x) < 2.0 && std::abs(y - lens_y) < 2.0;
      const int m = near ? central * n : n;
      rays.resize(static_cast<std::size_t>(m));
      double sum = 0.0;
      for (int j = 0; j < m; ++j) {
        for (int i = 0; i < m; ++i) {
          const auto k = static_cast<std::size_t>(i);
          rays.x()[k] =
              grid.arcsec_from_pix(x - 0.5 + (i + 0.5) / m) - object.lens_x_arcsec;
          rays.y()[k] =
              grid.arcsec_from_pix(y - 0.5 + (j + 0.5) / m) - object.lens_y_arcsec;
        }
        rays.shoot(object);
        for (const double value : rays.brightness()) sum += value;
      }
      result(y, x) = area * sum / (m * m);
    }
  }
  return result;
}

struct RenderErrors {
  double pixel = 0.0;  ///< worst pixel, of the peak
  double core = 0.0;   ///< of the flux within 5 pixels, or of 1 % of the arc if more
};
inline RenderErrors errors_of(const imaging::ArcPlanes& planes,
                              const Image<double>& truth, double core_x,
                              double core_y) {
  RenderErrors errors;
  double peak = 0.0, arc = 0.0, core = 0.0, actual_core = 0.0;
  for (int y = 0; y < truth.ny(); ++y) {
    for (int x = 0; x < truth.nx(); ++x) {
      double flux = 0.0;
      for (const auto& plane : planes.pixel.plane) flux += plane(y, x);
      peak = std::max(peak, truth(y, x));
      arc += truth(y, x);
      errors.pixel = std::max(errors.pixel, std::abs(flux - truth(y, x)));
      if (std::hypot(x - core_x, y - core_y) < 5.0) {
        core += truth(y, x);
        actual_core += flux;
      }
    }
  }
  errors.pixel /= peak;
  errors.core = std::abs(actual_core - core) / std::max(core, 0.01 * arc);
  return errors;
}

/// The scene's render by an ArcRenderer of 64 pixels of 0.262 arcsec, about the lens.
inline imaging::ArcPlanes adaptive_render(const imaging::LensedSource& object,
                                          const imaging::RenderConfig& config) {
  const imaging::ArcRenderer renderer(config);
  imaging::ArcPlanes planes;
  auto workspace = imaging::ArcRenderer::make_workspace();
  renderer.render(object, config.grid.pix_from_arcsec(object.lens_x_arcsec),
                  config.grid.pix_from_arcsec(object.lens_y_arcsec), *workspace,
                  planes);
  return planes;
}

}  // namespace lensmill::test_support
