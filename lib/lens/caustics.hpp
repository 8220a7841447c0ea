#pragma once

#include <vector>

#include "lib/lens/lens_model.hpp"

namespace lensmill::lens {

namespace detail {
class DirectionTable;
struct ScanMemory;
}  // namespace detail

/// Critical curves (image plane) and caustics (source plane) as closed polygons in the
/// sky frame, arcsec from the lens centre; vertex i of a caustic is the image of vertex
/// i of its critical curve; the first vertex is not repeated. Empty when there is none.
struct CriticalCurves {
  std::vector<Vector2> tangential_critical;
  std::vector<Vector2> tangential_caustic;
  /// gamma < 2: the radial pair. gamma = 2: the critical curve has shrunk to the centre
  /// (empty) and the caustic is the cut. gamma > 2: both empty.
  std::vector<Vector2> radial_critical;
  std::vector<Vector2> radial_caustic;
};

/// Along one direction det A is a quadratic in tau = rho^(1-gamma), so both curves are
/// explicit: no search. \pre points >= 3.
CriticalCurves critical_curves(const LensModel& lens, int points);

/// On which side of the caustics a source is. Sources with another image pair are
/// inside the tangential caustic; `in_radial_caustic` is inside the radial caustic
/// (gamma < 2) or the cut (gamma = 2); for gamma > 2 every source is inside. Without a
/// lens (theta_e_arcsec = 0) both are false.
struct CausticMembership {
  bool in_tangential_caustic = false;
  bool in_radial_caustic = false;
};

/// Winding numbers of the true curves about the source (not of polygons): right up to
/// rounding. `source`: sky frame, arcsec from the lens centre.
CausticMembership caustic_membership(const LensModel& lens, Vector2 source);
/// The same, with a table of the lens's directions made before.
CausticMembership caustic_membership(const LensModel& lens,
                                     const detail::DirectionTable& table,
                                     detail::ScanMemory& memory, Vector2 source);

}  // namespace lensmill::lens
