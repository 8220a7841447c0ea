#include "lib/imaging/circle_overlap.hpp"

#include <algorithm>
#include <cmath>

namespace lensmill::imaging {
namespace {

// Signed area between the origin and the segment from (x0, y) to (x1, y), clipped to
// the circle of radius r: the part of the segment inside counts as a triangle, the
// parts outside as circular sectors (Green's theorem along the clipped boundary).
double segment_area(double x0, double y0, double x1, double y1, double r) {
  const auto sector = [r](double ax, double ay, double bx, double by) {
    return 0.5 * r * r * std::atan2(ax * by - ay * bx, ax * bx + ay * by);
  };
  const double dx = x1 - x0;
  const double dy = y1 - y0;
  const double a = dx * dx + dy * dy;
  const double b = x0 * dx + y0 * dy;
  const double c = x0 * x0 + y0 * y0 - r * r;
  const double discriminant = b * b - a * c;
  if (a == 0.0) return 0.0;
  if (discriminant <= 0.0) return sector(x0, y0, x1, y1);
  const double root = std::sqrt(discriminant);
  const double enter = std::clamp((-b - root) / a, 0.0, 1.0);
  const double leave = std::clamp((-b + root) / a, 0.0, 1.0);
  if (enter >= leave) return sector(x0, y0, x1, y1);
  const double ex = x0 + enter * dx;
  const double ey = y0 + enter * dy;
  const double lx = x0 + leave * dx;
  const double ly = y0 + leave * dy;
  double area = 0.5 * (ex * ly - ey * lx);
  if (enter > 0.0) area += sector(x0, y0, ex, ey);
  if (leave < 1.0) area += sector(lx, ly, x1, y1);
  return area;
}

}  // namespace

double circle_pixel_overlap(double dx_pix, double dy_pix, double radius_pix) {
  const double x0 = dx_pix - 0.5;
  const double x1 = dx_pix + 0.5;
  const double y0 = dy_pix - 0.5;
  const double y1 = dy_pix + 0.5;
  const double area = segment_area(x0, y0, x1, y0, radius_pix) +
                      segment_area(x1, y0, x1, y1, radius_pix) +
                      segment_area(x1, y1, x0, y1, radius_pix) +
                      segment_area(x0, y1, x0, y0, radius_pix);
  return std::clamp(area, 0.0, 1.0);
}

}  // namespace lensmill::imaging
