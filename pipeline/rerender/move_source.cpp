#include <algorithm>
#include <cmath>

#include "lib/lens/caustics.hpp"
#include "pipeline/rerender/row_variants.hpp"
#include "stages/lens_of.hpp"

namespace lensmill::pipeline {
namespace {

// In units of theta_E: where the search for the outermost caustic begins (beyond the
// cut and the cusps of any lens with q > 0.1), its steps, how finely it ends, and how
// far outside the source is put.
constexpr double farthest = 4.0;
constexpr double step = 0.05;
constexpr int halvings = 12;
constexpr double clearance = 0.05;
constexpr double steepest_with_caustic = 2.0;

}  // namespace

std::string move_outside_caustics(catalogue::Injection& injection) {
  if (!(injection.theta_e_arcsec > 0.0)) return "no lens";
  if (injection.lens_gamma > steepest_with_caustic) {
    return "lens_gamma above 2 has no radial caustic: every source has a counter-image";
  }
  const auto lens = stages::lens_of(injection);
  const double beta = std::hypot(injection.src_x_arcsec, injection.src_y_arcsec);
  const double cos_phi = beta > 0.0 ? injection.src_x_arcsec / beta : 1.0;
  const double sin_phi = beta > 0.0 ? injection.src_y_arcsec / beta : 0.0;
  const auto is_inside = [&](double distance) {
    const auto at =
        lens::caustic_membership(lens, {distance * cos_phi, distance * sin_phi});
    return at.in_radial_caustic || at.in_tangential_caustic;
  };
  const double theta_e = injection.theta_e_arcsec;
  double outside = farthest * theta_e;
  double inside = outside;
  while (inside > 0.0 && !is_inside(inside)) {
    outside = inside;
    inside -= step * theta_e;
  }
  if (inside <= 0.0) return "";
  for (int k = 0; k < halvings; ++k) {
    const double middle = 0.5 * (inside + outside);
    (is_inside(middle) ? inside : outside) = middle;
  }
  const double distance = std::max(beta, outside + clearance * theta_e);
  injection.src_x_arcsec = distance * cos_phi;
  injection.src_y_arcsec = distance * sin_phi;
  return "";
}

}  // namespace lensmill::pipeline
