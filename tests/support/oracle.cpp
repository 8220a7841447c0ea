#include "tests/support/oracle.hpp"

#include <cmath>

namespace lensmill::test_support {

Oracle::Oracle(const std::string& path) : file_(io::hdf5::File::open(path)) {
  const auto column = [this](const std::string& name) {
    return rows("params/" + name).values;
  };
  const auto categories = file_.read_strings("params/category");
  const auto theta_e = column("theta_E"), gamma = column("gamma"), q = column("q"),
             phi = column("phi"), lens_x = column("lens_x"), lens_y = column("lens_y"),
             g1 = column("gamma1"), g2 = column("gamma2"),
             shear_x0 = column("shear_x0"), shear_y0 = column("shear_y0"),
             flux = column("flux"), reff = column("R_eff"), n = column("n"),
             src_q = column("src_q"), src_phi = column("src_phi"),
             src_x = column("src_x"), src_y = column("src_y"),
             psf_id = column("psf_id");
  for (std::size_t i = 0; i < theta_e.size(); ++i) {
    // alpha = G (theta - theta_0) = G (theta - lens) + G (lens - theta_0).
    const double dx = lens_x[i] - shear_x0[i];
    const double dy = lens_y[i] - shear_y0[i];
    const lens::Vector2 uniform{g1[i] * dx + g2[i] * dy, g2[i] * dx - g1[i] * dy};
    sets_.push_back({
        .category = categories[i],
        .lens = {.theta_e_arcsec = theta_e[i],
                 .q = q[i],
                 .phi_rad = phi[i],
                 .gamma = gamma[i],
                 .shear_g1 = g1[i],
                 .shear_g2 = g2[i]},
        .lens_centre = {lens_x[i], lens_y[i]},
        .source = {src_x[i] - lens_x[i] + uniform.x, src_y[i] - lens_y[i] + uniform.y},
        .uniform_deflection = uniform,
        .source_profile = {.reff_arcsec = reff[i],
                           .sersic_n = n[i],
                           .q = src_q[i],
                           .phi_rad = src_phi[i]},
        .src_flux = flux[i],
        .psf_id = static_cast<int>(std::lround(psf_id[i])),
    });
  }
}

Oracle::Rows Oracle::rows(const std::string& path) const {
  const auto dataset = file_.open_dataset(path);
  return {.row_elements = dataset.row_elements(),
          .values = dataset.read_all<double>().values};
}

}  // namespace lensmill::test_support
