#pragma once

#include "lib/catalogue/injection.hpp"
#include "lib/lens/lens_model.hpp"

namespace lensmill::stages {

/// The lens of an injection.
inline lens::LensParams lens_params_of(const catalogue::Injection& injection) {
  return {.theta_e_arcsec = injection.theta_e_arcsec,
          .q = injection.lens_q,
          .phi_rad = injection.lens_phi_rad,
          .gamma = injection.lens_gamma,
          .shear_g1 = injection.shear_g1,
          .shear_g2 = injection.shear_g2};
}
inline lens::LensModel lens_of(const catalogue::Injection& injection) {
  return lens::LensModel(lens_params_of(injection));
}

}  // namespace lensmill::stages
