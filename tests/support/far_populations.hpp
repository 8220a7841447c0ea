#pragma once

#include <string>
#include <vector>

/// \file
/// Populations at the far corners of the parameters, as overrides of
/// configs/parity_table.yaml.

namespace lensmill::test_support {

/// Cut by `enclosed_energy: auto`: the edge of a kernel cut by a stated size, through
/// which the core sees the arc, is no two lattices' the same.
inline const std::string whole_psf = "psf.r={kind: moffat, beta: 2.5, fwhm_pix: 5.0}";

/// The same pixels at every tolerance: what margins are for is tested by
/// unit.session.margin_check.
inline const std::string no_margin = "render.margin_pix=0";

/// theta_E 1-2.5", q = 0.5, isothermal, R_eff = 0.03" at 0.7-0.95 theta_E.
inline std::vector<std::string> next_to_the_cut() {
  return {"priors.theta_e_arcsec={uniform: [1.0, 2.5]}",
          "priors.lens_q=0.5",
          "priors.src_offset={radius_over_theta_e: {uniform: [0.7, 0.95]}, phi_rad: "
          "{uniform: [0.0, 6.283]}}",
          "priors.src_reff_arcsec=0.03",
          "priors.src_q=1.0",
          whole_psf,
          no_margin};
}

/// theta_E 0.3-3", slope 1.5-2.5, q 0.3-1, shear, R_eff 0.03-1", n 0.5-6, off centre.
inline std::vector<std::string> wide() {
  return {"priors.theta_e_arcsec={uniform: [0.3, 3.0]}",
          "priors.lens_q={uniform: [0.3, 1.0]}",
          "priors.lens_gamma={uniform: [1.5, 2.5]}",
          "priors.shear_g1={uniform: [-0.1, 0.1]}",
          "priors.shear_g2={uniform: [-0.1, 0.1]}",
          "priors.lens_x_arcsec={uniform: [-0.5, 0.5]}",
          "priors.lens_y_arcsec={uniform: [-0.5, 0.5]}",
          "priors.src_offset={radius_over_theta_e: {uniform: [0.0, 1.2]}, phi_rad: "
          "{uniform: [0.0, 6.283]}}",
          "priors.src_reff_arcsec={power_law: {index: -1.0, min: 0.03, max: 1.0}}",
          "priors.src_sersic_n={uniform: [0.5, 6.0]}",
          "priors.src_q={uniform: [0.3, 1.0]}",
          whole_psf,
          no_margin};
}

}  // namespace lensmill::test_support
