#pragma once

#include <span>

namespace lensmill::light::detail {

/// What the vectorised kernel needs of a Sersic profile:
/// brightness = central exp(-b (R^2/R_eff^2)^(1/(2n))), R^2 = q x'^2 + y'^2/q.
struct SersicKernelConstants {
  double cos_phi = 1.0;
  double sin_phi = 0.0;
  double major_scale = 1.0;  ///< q / R_eff^2
  double minor_scale = 1.0;  ///< 1 / (q R_eff^2)
  double sersic_n = 1.0;
  double half_inverse_n = 0.5;  ///< 1/(2n)
  double b = 1.0;
  double central = 1.0;
};

/// Run-time dispatched to the best instruction set (Highway).
void sersic_evaluate(const SersicKernelConstants& constants,
                     std::span<const double> x_arcsec, std::span<const double> y_arcsec,
                     std::span<double> brightness);

}  // namespace lensmill::light::detail
