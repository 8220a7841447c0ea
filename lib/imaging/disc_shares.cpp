#include "lib/imaging/disc_shares.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/gauss_legendre.hpp"

namespace lensmill::imaging {
namespace {

using Three = std::array<double, 3>;

// Per piece of a cell's cut; the integrand is smooth in the angle.
constexpr int gauss_order = 9;

// The Lagrange polynomials of the nodes -a, 0, a (a^2 = 3/5) at u.
Three lagrange(double u) {
  constexpr double a = gauss_node[2];
  return {u * (u - a) / (2.0 * a * a), 1.0 - u * u / (a * a),
          u * (u + a) / (2.0 * a * a)};
}

// Their integrals from 0 to u.
Three lagrange_integral(double u) {
  constexpr double a = gauss_node[2];
  const double cubic = u * u * u / (6.0 * a * a);
  const double square = u * u / (4.0 * a);
  return {cubic - square, u - 2.0 * cubic, cubic + square};
}

}  // namespace

std::array<double, samples_per_cell> disc_shares(const Cell& cell,
                                                 const DiscArea& disc) {
  std::array<double, samples_per_cell> share{};
  // Units: half a cell's width, origin on the cell's centre.
  const double half = cell.half_pix();
  const double centre_x = (disc.x_pix - cell.x_pix) / half;
  const double centre_y = (disc.y_pix - cell.y_pix) / half;
  const double radius = disc.radius_pix / half;
  const double far_x = std::abs(centre_x) + 1.0;
  const double far_y = std::abs(centre_y) + 1.0;
  if (far_x * far_x + far_y * far_y <= radius * radius) {
    share.fill(1.0);
    return share;
  }
  const double near_x = std::max(std::abs(centre_x) - 1.0, 0.0);
  const double near_y = std::max(std::abs(centre_y) - 1.0, 0.0);
  if (near_x * near_x + near_y * near_y >= radius * radius) return share;

  // Chords at v = centre_y + radius sin(t), in pieces of t between which a chord's end
  // changes from the circle to the cell's side.
  const auto angle_of = [&](double v) {
    return std::asin(std::clamp((v - centre_y) / radius, -1.0, 1.0));
  };
  const double first = angle_of(-1.0);
  const double last = angle_of(1.0);
  std::array<double, 6> edge{first, last, last, last, last, last};
  std::size_t edges = 2;
  for (const double side : {-1.0, 1.0}) {
    const double cosine = std::abs(side - centre_x) / radius;
    if (cosine >= 1.0) continue;
    for (const double t : {-std::acos(cosine), std::acos(cosine)}) {
      if (t > first && t < last) edge[edges++] = t;
    }
  }
  std::ranges::sort(edge);  // those not needed make pieces of no length
  for (std::size_t piece = 0; piece + 1 < edge.size(); ++piece) {
    const double middle = 0.5 * (edge[piece] + edge[piece + 1]);
    const double width = edge[piece + 1] - edge[piece];
    for (const GaussNode& node : gauss_legendre(gauss_order)) {
      const double t = middle + width * node.offset;
      const double chord = radius * std::cos(t);
      const double low = std::clamp(centre_x - chord, -1.0, 1.0);
      const double high = std::clamp(centre_x + chord, -1.0, 1.0);
      const double weight = width * node.weight * chord;  // dv
      const Three below = lagrange_integral(low);
      const Three above = lagrange_integral(high);
      const Three along_v = lagrange(centre_y + radius * std::sin(t));
      for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t i = 0; i < 3; ++i) {
          share[3 * j + i] += weight * along_v[j] * (above[i] - below[i]);
        }
      }
    }
  }
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    share[k] /= gauss_weight[k / 3] * gauss_weight[k % 3];
  }
  return share;
}

}  // namespace lensmill::imaging
