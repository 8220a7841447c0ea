#include "lib/psf/elliptical_psf.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/core/gauss_legendre.hpp"

namespace lensmill::psf {
namespace {

using std::numbers::pi;

/// Above the quadrature's error: what ellipses decide by this much, it decides alike.
constexpr double settled = 1.0e-8;

/// Share of the flux within the triangle-like sector between polar angles [from, to]
/// that ends on a straight edge at distance `edge_pix` in the direction `normal_rad`.
/// In direction theta the flux per angle is flux_within(k r) / (2 pi k^2), with m = k
/// r.
double sector(const EllipticalPsf& psf, double from, double to, double edge_pix,
              double normal_rad, int panels) {
  const PsfShape& shape = psf.shape();
  const auto integrand = [&](double theta) {
    const double c = std::cos(theta - shape.phi_rad);
    const double s = std::sin(theta - shape.phi_rad);
    const double k2 = shape.q * c * c + s * s / shape.q;
    const double r = edge_pix / std::cos(theta - normal_rad);
    return psf.flux_within(std::sqrt(k2) * r) / (2.0 * pi * k2);
  };
  double sum = 0.0;
  for (int panel = 0; panel < panels; ++panel) {
    const double width = (to - from) / panels;
    const double middle = from + (panel + 0.5) * width;
    for (const GaussNode& node : gauss_legendre(10)) {
      sum += width * node.weight * integrand(middle + width * node.offset);
    }
  }
  return sum;
}

}  // namespace

EllipticalPsf::EllipticalPsf(const PsfShape& shape) : shape_(shape) {
  if (!std::isfinite(shape.fwhm_pix) || shape.fwhm_pix <= 0.0) {
    throw DataError(
        fmt::format("PSF fwhm_pix: must be a number > 0 (got {})", shape.fwhm_pix));
  }
  if (!(shape.q > 0.0 && shape.q <= 1.0)) {
    throw DataError(fmt::format("PSF q: must be in (0, 1] (got {})", shape.q));
  }
  if (!std::isfinite(shape.phi_rad)) {
    throw DataError(
        fmt::format("PSF phi_rad: must be a number (got {})", shape.phi_rad));
  }
  const double c = std::cos(shape.phi_rad);
  const double s = std::sin(shape.phi_rad);
  if (shape.q < 1.0) {
    form_ = {.xx = shape.q * c * c + s * s / shape.q,
             .xy = 2.0 * c * s * (shape.q - 1.0 / shape.q),
             .yy = shape.q * s * s + c * c / shape.q};
  }
}

double EllipticalPsf::sharpest_fwhm_pix() const {
  return shape_.fwhm_pix * std::sqrt(shape_.q);
}

double EllipticalPsf::enclosed_energy(const KernelSize& rectangle) const {
  if (shape_.q == 1.0 && rectangle.ny == rectangle.nx && rectangle.nx % 2 == 1) {
    return 8.0 * sector(*this, 0.0, 0.25 * pi, rectangle.high_x_pix(), 0.0, 1);
  }
  struct Edge {
    double distance, normal;
  };
  const std::array<Edge, 4> edges{{{rectangle.high_x_pix(), 0.0},
                                   {rectangle.high_y_pix(), 0.5 * pi},
                                   {-rectangle.low_x_pix(), pi},
                                   {-rectangle.low_y_pix(), 1.5 * pi}}};
  constexpr int panels = 6;  // the narrowest feature is a thin ellipse's major axis
  double sum = 0.0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const Edge& edge = edges[i];
    const double before = edges[(i + 3) % 4].distance;
    const double after = edges[(i + 1) % 4].distance;
    const double from = edge.normal - std::atan2(before, edge.distance);
    const double to = edge.normal + std::atan2(after, edge.distance);
    sum += sector(*this, from, edge.normal, edge.distance, edge.normal, panels);
    sum += sector(*this, edge.normal, to, edge.distance, edge.normal, panels);
  }
  return sum;
}

KernelSize size_for_enclosed_energy(const EllipticalPsf& psf, double enclosed_energy,
                                    int largest_pix) {
  if (!(enclosed_energy > 0.0 && enclosed_energy < 1.0)) {
    throw DataError(fmt::format("PSF enclosed_energy: must be in (0, 1) (got {})",
                                enclosed_energy));
  }
  const double root_q = std::sqrt(psf.shape().q);
  const auto holds = [&](int half) {
    // Ellipses inside and around the square decide most cases without the quadrature.
    const double edge_pix = half + 0.5;
    if (psf.flux_within(root_q * edge_pix) >= enclosed_energy + settled) return true;
    const double around_pix = std::numbers::sqrt2 * edge_pix / root_q;
    if (psf.flux_within(around_pix) < enclosed_energy - settled) return false;
    return psf.enclosed_energy({2 * half + 1, 2 * half + 1}) >= enclosed_energy;
  };
  int high = (largest_pix - 1) / 2;
  if (!holds(high)) {
    throw DataError(fmt::format(
        "PSF enclosed_energy {}: needs a kernel of more than {} pixels a side (its "
        "wings are too wide); state size_pix or lower enclosed_energy",
        enclosed_energy, largest_pix));
  }
  // Doubling first: the usual answer is far below the largest.
  int low = -1;
  for (int half = 4; half < high; half *= 2) {
    if (holds(half)) {
      high = half;
      break;
    }
    low = half;
  }
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return {2 * high + 1, 2 * high + 1};
}

KernelSize size_for_density(const EllipticalPsf& psf, double density_per_pix2,
                            int largest_half_pix) {
  const double along_x = std::cos(psf.shape().phi_rad);
  const double along_y = std::sin(psf.shape().phi_rad);
  const auto is_faint_beyond = [&](int half) {
    // At any distance the PSF is brightest along its major axis.
    const double x = (half + 0.5) * along_x;
    const double y = (half + 0.5) * along_y;
    double density = 0.0;
    psf.evaluate({&x, 1}, {&y, 1}, {&density, 1});
    return density <= density_per_pix2;
  };
  int low = -1;
  int high = largest_half_pix;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (is_faint_beyond(middle) ? high : low) = middle;
  }
  return {2 * high + 1, 2 * high + 1};
}

}  // namespace lensmill::psf
