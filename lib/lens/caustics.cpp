#include "lib/lens/caustics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"
#include "lib/lens/direction_table.hpp"
#include "lib/lens/zero_scan.hpp"

namespace lensmill::lens {
namespace {

enum class Curve { tangential, radial };

/// A point of the curve and of its caustic, lens frame.
struct CurvePoint {
  Vector2 critical;
  Vector2 caustic;
};

/// det A = 0 on a direction is a quadratic in tau = rho^(1-gamma): the smaller root is
/// the outer, tangential curve, the larger one (gamma < 2 only) the radial one.
CurvePoint curve_point(const LensModel& lens, const Direction& d, Curve curve) {
  const double t = lens.params().gamma - 1.0;
  const double mixed = lens.mixed_determinant(d);
  const double hessian = d.hessian_determinant;
  if (curve == Curve::radial) {
    if (t == 1.0) return {.critical = {}, .caustic = {-d.a.x, -d.a.y}};
    // Very flat lenses: the curve runs into the centre on such directions.
    if (!(hessian > 0.0)) return {};
  }
  const double discriminant = mixed * mixed - 4.0 * hessian * lens.shear_determinant();
  // Real eigenvalues of a symmetric pencil: below zero by rounding only.
  const double root_sum = mixed + std::sqrt(std::max(discriminant, 0.0));
  const double tau = curve == Curve::tangential
                         ? 2.0 * lens.shear_determinant() / root_sum
                         : root_sum / (2.0 * hessian);
  const double rho = t == 1.0 ? 1.0 / tau : std::pow(tau, -1.0 / t);
  // beta = rho m - rho^(1-t) a, and rho^(-t) = tau.
  return {.critical = {rho * d.p.x, rho * d.p.y},
          .caustic = {rho * (d.m.x - tau * d.a.x), rho * (d.m.y - tau * d.a.y)}};
}

// Any direction will do; this one, (cos, sin) of 0.6, is along no axis of symmetry.
constexpr Vector2 ray{0.8253356149096783, 0.5646424733950354};

/// Winding number of a caustic about `source` (lens frame): signed crossings of a ray.
int winding_number(const LensModel& lens, const detail::DirectionTable& table,
                   detail::ScanMemory& memory, Vector2 source, Curve curve) {
  struct Relative {
    double along, across;
  };
  const auto relative = [&](const Direction& d) {
    const Vector2 c = curve_point(lens, d, curve).caustic;
    const double x = c.x - source.x;
    const double y = c.y - source.y;
    return Relative{ray.x * x + ray.y * y, ray.x * y - ray.y * x};
  };
  const auto at = [&](double phi) {
    return relative(lens.direction(std::cos(phi), std::sin(phi)));
  };
  const auto n = std::ptrdiff_t(table.size());
  auto& nodes = memory.nodes;
  nodes.clear();
  for (std::ptrdiff_t k = -1; k <= n + 1; ++k) {
    nodes.push_back({table.angle(k), relative(table.wrapped(k)).across});
  }
  constexpr double roundings = 1.0e-14;
  const double resolution =
      roundings * (std::hypot(source.x, source.y) + lens.params().theta_e_arcsec);
  const auto zeros =
      detail::scan_for_zeros([&](double phi) { return at(phi).across; }, memory,
                             resolution, detail::Touching::no_zero);
  int winding = 0;
  for (const double phi : zeros) {
    if (at(phi).along <= 0.0) continue;
    constexpr double step = 1.0e-7;
    winding += at(phi + step).across > at(phi - step).across ? 1 : -1;
  }
  return winding;
}

}  // namespace

CriticalCurves critical_curves(const LensModel& lens, int points) {
  EXPECT(points >= 3);
  CriticalCurves out;
  if (lens.params().theta_e_arcsec == 0.0) return out;
  const double t = lens.params().gamma - 1.0;
  for (int i = 0; i < points; ++i) {
    const double phi = 2.0 * std::numbers::pi * i / points;
    const Direction d = lens.direction(std::cos(phi), std::sin(phi));
    const auto outer = curve_point(lens, d, Curve::tangential);
    out.tangential_critical.push_back(lens.sky_frame(outer.critical));
    out.tangential_caustic.push_back(lens.sky_frame(outer.caustic));
    if (t > 1.0) continue;
    const auto inner = curve_point(lens, d, Curve::radial);
    if (t < 1.0) out.radial_critical.push_back(lens.sky_frame(inner.critical));
    out.radial_caustic.push_back(lens.sky_frame(inner.caustic));
  }
  return out;
}

CausticMembership caustic_membership(const LensModel& lens,
                                     const detail::DirectionTable& table,
                                     detail::ScanMemory& memory, Vector2 source) {
  if (lens.params().theta_e_arcsec == 0.0) return {};
  const Vector2 local = lens.lens_frame(source);
  return {
      .in_tangential_caustic =
          winding_number(lens, table, memory, local, Curve::tangential) != 0,
      .in_radial_caustic =
          lens.params().gamma > 2.0 ||
          winding_number(lens, table, memory, local, Curve::radial) != 0,
  };
}

CausticMembership caustic_membership(const LensModel& lens, Vector2 source) {
  detail::ScanMemory memory;
  return caustic_membership(lens, detail::DirectionTable(lens), memory, source);
}

}  // namespace lensmill::lens
