#include "lib/imaging/fixed_supersampling.hpp"

#include "lib/imaging/spline_deposit.hpp"

namespace lensmill::imaging {

void render_fixed(const RenderConfig& config, const LensedSource& object,
                  double core_x_pix, double core_y_pix, const SplineDeposit* spline,
                  RaySamples& rays, ArcPlanes& out) {
  const int margin = config.lattice.margin_pix;
  const int side = config.grid.stamp_size_pix + 2 * margin;
  const int n = config.supersample;
  const double scale = config.grid.pixel_scale_arcsec;
  const double area = scale * scale / (static_cast<double>(n) * n);
  const std::size_t samples_per_row =
      static_cast<std::size_t>(n) * static_cast<std::size_t>(side);
  const auto offset = [n](std::size_t k) {
    return (static_cast<double>(k) + 0.5) / n - 0.5;
  };
  rays.resize(samples_per_row);
  for (int row = 0; row < side; ++row) {
    for (std::size_t sub_row = 0; sub_row < static_cast<std::size_t>(n); ++sub_row) {
      const double y_pix = row - margin + offset(sub_row);
      for (std::size_t k = 0; k < samples_per_row; ++k) {
        const int column = static_cast<int>(k) / n;
        const double x_pix = column - margin + offset(k % static_cast<std::size_t>(n));
        rays.x()[k] = config.grid.arcsec_from_pix(x_pix) - object.lens_x_arcsec;
        rays.y()[k] = config.grid.arcsec_from_pix(y_pix) - object.lens_y_arcsec;
      }
      rays.shoot(object);
      out.evaluations += static_cast<long>(samples_per_row);
      for (std::size_t k = 0; k < samples_per_row; ++k) {
        const int column = static_cast<int>(k) / n;
        const auto kind = lens::kind_of(rays.determinant()[k], rays.trace()[k]);
        const auto index = static_cast<std::size_t>(lens::kind_index(kind));
        const double flux = area * rays.brightness()[k];
        out.pixel[kind](row, column) += flux;
        out.present[index] = true;
        const double x_pix = column - margin + offset(k % static_cast<std::size_t>(n));
        if (spline) spline->add_point(x_pix, y_pix, flux, out.lattice[kind]);
        for (std::size_t r = 0; r < config.disc_radius_pix.size(); ++r) {
          const double dx = x_pix - core_x_pix;
          const double dy = y_pix - core_y_pix;
          const double radius = config.disc_radius_pix[r];
          if (dx * dx + dy * dy < radius * radius) out.disc_flux[r][index] += flux;
        }
      }
    }
  }
}

}  // namespace lensmill::imaging
