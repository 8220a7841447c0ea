#pragma once

#include <span>

#include "lib/lens/lens_model.hpp"

namespace lensmill::lens::detail {

/// What the vectorised kernel needs of a lens: constants in the lens's own frame
/// (major axis along x').
struct RayKernelConstants {
  double cos_phi = 1.0;
  double sin_phi = 0.0;
  double q = 1.0;
  double t = 1.0;                  ///< gamma - 1
  double deflection_scale = 0.0;   ///< 2 b^t / (1 + q)
  double convergence_scale = 0.0;  ///< (2 - t)/2 b^t
  double local_g1 = 0.0;           ///< external shear in the lens frame
  double local_g2 = 0.0;
  double shear_determinant = 1.0;   ///< 1 - |external shear|^2
  double centre_determinant = 1.0;  ///< det A to give at the singular centre
  std::span<const double> series;   ///< c_0 = 1, c_1, ...
};

/// Points closer to the centre than this in elliptical radius sqrt(q^2 x'^2 + y'^2),
/// in arcsec, count as the singular centre itself.
inline constexpr double centre_radius_arcsec = 1.0e-15;

/// Run-time dispatched to the best instruction set (Highway).
void ray_shoot(const RayKernelConstants& constants, const RayBatch& batch);

}  // namespace lensmill::lens::detail
