#include "lib/imaging/forced_level.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lensmill::imaging {
namespace {

constexpr int most_forced_level = 12;
constexpr std::size_t directions = 32;
// A ring of cells of one level about the lens centre: those nearer than three half
// widths (see ArcRenderer) number 4, their flux bound takes all of them together.
constexpr double central_cells = 4.0;
constexpr double central_reach =
    4.0;  // half widths from the lens centre to their far end

/// Unit vectors of equidistant directions within an angle.
struct Directions {
  std::array<double, directions> cosine, sine;
  explicit Directions(double whole_rad) {
    for (std::size_t k = 0; k < directions; ++k) {
      const double angle = whole_rad * static_cast<double>(k) / directions;
      cosine[k] = std::cos(angle);
      sine[k] = std::sin(angle);
    }
  }
};
const Directions& whole_circle() {
  static const Directions table(2.0 * std::numbers::pi);
  return table;
}

double distance(double x, double y) { return std::sqrt(x * x + y * y); }

// Distance of the origin from the segment a-b.
double distance_to_segment(double ax, double ay, double bx, double by) {
  const double dx = bx - ax;
  const double dy = by - ay;
  const double length = dx * dx + dy * dy;
  const double t =
      length > 0.0 ? std::clamp(-(ax * dx + ay * dy) / length, 0.0, 1.0) : 0;
  return distance(ax + t * dx, ay + t * dy);
}

}  // namespace

namespace {

/// Bound of the flux in a level's cells about the lens centre.
double central_flux(const LensedSource& object, double half_arcsec,
                    RaySamples& scratch) {
  const Directions& circle = whole_circle();
  const double outer = central_reach * half_arcsec;
  const double inner = 1.0e-4 * half_arcsec;
  // Rays within `outer` of the centre reach the band between the images of two circles.
  scratch.resize(2 * directions);
  for (std::size_t k = 0; k < directions; ++k) {
    scratch.x()[k] = outer * circle.cosine[k];
    scratch.y()[k] = outer * circle.sine[k];
    scratch.x()[directions + k] = inner * circle.cosine[k];
    scratch.y()[directions + k] = inner * circle.sine[k];
  }
  scratch.shoot(object);
  const auto bx = scratch.source_x();
  const auto by = scratch.source_y();
  double nearest = std::numeric_limits<double>::infinity();
  double gap = 0.0;
  for (std::size_t k = 0; k < directions; ++k) {
    const std::size_t next = (k + 1) % directions;
    nearest = std::min(nearest, distance_to_segment(bx[k], by[k], bx[directions + k],
                                                    by[directions + k]));
    gap = std::max({gap, distance(bx[next] - bx[k], by[next] - by[k]),
                    distance(bx[directions + next] - bx[directions + k],
                             by[directions + next] - by[directions + k])});
  }
  const double reach = std::max(nearest - 0.5 * gap - outer, 0.0);
  const double area = 4.0 * half_arcsec * half_arcsec * central_cells;
  return area * object.source->brightest_beyond(reach);
}

}  // namespace

int forced_level(const LensedSource& object, double pixel_scale_arcsec,
                 double flux_floor, RaySamples& scratch) {
  if (!object.lens->is_singular_at_centre()) return 0;
  // The bound falls from level to level, the area by four at a time: bisection.
  int low = 0;
  int high = most_forced_level;
  while (low < high) {
    const int level = (low + high) / 2;
    const double half = 0.5 * pixel_scale_arcsec / static_cast<double>(1 << level);
    if (central_flux(object, half, scratch) < flux_floor) {
      high = level;
    } else {
      low = level + 1;
    }
  }
  return low;
}

}  // namespace lensmill::imaging
