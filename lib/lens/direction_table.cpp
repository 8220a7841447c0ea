#include "lib/lens/direction_table.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lensmill::lens::detail {
namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;

/// The deflection is analytic in the eccentric angle up to a distance of ln(1/f)/2 from
/// the real axis, f = (1-q)/(1+q); eight nodes per such distance resolve its extrema.
std::size_t node_count(double q, int refinement) {
  constexpr double least = 96.0;
  const double f = std::max((1.0 - q) / (1.0 + q), 1.0e-300);
  const double needed = 8.0 * two_pi / std::log(1.0 / f);
  const double quadrant = std::ceil(0.25 * std::max(least, needed));
  return 4 * std::size_t(quadrant) * std::size_t(refinement);
}

}  // namespace

void DirectionTable::set(const LensModel& lens, int refinement) {
  directions_.resize(node_count(lens.params().q, refinement));
  const std::size_t quarter = size() / 4;
  for (std::size_t k = 0; k <= quarter; ++k) {
    const double c = k == quarter ? 0.0 : std::cos(angle(std::ptrdiff_t(k)));
    const double s = k == quarter ? 1.0 : std::sin(angle(std::ptrdiff_t(k)));
    directions_[k] = lens.direction(c, s);
  }
  // The EPL is symmetric about its axes; the external shear in m is not.
  const Vector2 m_x = lens.shear_map({1.0, 0.0});
  const Vector2 m_y = lens.shear_map({0.0, 1.0});
  const auto mirrored = [&](const Direction& d, double sx, double sy) {
    Direction out = d;
    out.p = {sx * d.p.x, sy * d.p.y};
    out.a = {sx * d.a.x, sy * d.a.y};
    out.gamma_2 = sx * sy * d.gamma_2;
    out.m = {m_x.x * out.p.x + m_y.x * out.p.y, m_x.y * out.p.x + m_y.y * out.p.y};
    return out;
  };
  for (std::size_t k = 1; k < quarter; ++k) {
    directions_[2 * quarter - k] = mirrored(directions_[k], -1.0, 1.0);
    directions_[2 * quarter + k] = mirrored(directions_[k], -1.0, -1.0);
    directions_[4 * quarter - k] = mirrored(directions_[k], 1.0, -1.0);
  }
  directions_[2 * quarter] = mirrored(directions_[0], -1.0, 1.0);
  directions_[3 * quarter] = mirrored(directions_[quarter], 1.0, -1.0);
}

double DirectionTable::angle(std::ptrdiff_t k) const {
  return two_pi * double(k) / double(size());
}

const Direction& DirectionTable::wrapped(std::ptrdiff_t k) const {
  const auto n = std::ptrdiff_t(size());
  return directions_[std::size_t(((k % n) + n) % n)];
}

}  // namespace lensmill::lens::detail
