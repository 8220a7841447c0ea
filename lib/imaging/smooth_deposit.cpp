#include "lib/imaging/smooth_deposit.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/multiversion.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::imaging {
namespace {

/// Spline moments of one tap: integrals of u^a beta over the pixel.
struct Tap {
  double m0, m1, m2;
};

/// One tap of the x filter: three fields that the y filter combines. Fields step by
/// `spacing` lattice points per pixel.
LENSMILL_MULTIVERSION void add_x_tap(const SmoothDeposit::Workspace& q,
                                     std::size_t first, std::size_t last,
                                     std::size_t spacing, const Tap& tap,
                                     double* __restrict rows0, double* __restrict rows1,
                                     double* __restrict rows2) {
  const double m0 = tap.m0;
  const double m1 = tap.m1;
  const double half = 0.5 * tap.m2;
  const double* value = q.value.data();
  const double* x = q.x.data();
  const double* y = q.y.data();
  const double* xx = q.xx.data();
  const double* xy = q.xy.data();
  const double* yy = q.yy.data();
  if (spacing == 1) {
    for (std::size_t k = first; k < last; ++k) {
      rows0[k] += m0 * value[k] + m1 * x[k] + half * xx[k];
      rows1[k] += m0 * y[k] + m1 * xy[k];
      rows2[k] += m0 * yy[k];
    }
    return;
  }
  for (std::size_t k = first; k < last; ++k) {
    rows0[k * spacing] += m0 * value[k] + m1 * x[k] + half * xx[k];
    rows1[k * spacing] += m0 * y[k] + m1 * xy[k];
    rows2[k * spacing] += m0 * yy[k];
  }
}

/// One tap of the y filter.
LENSMILL_MULTIVERSION void add_y_tap(std::size_t first, std::size_t last,
                                     const Tap& tap, const double* __restrict rows0,
                                     const double* __restrict rows1,
                                     const double* __restrict rows2,
                                     double* __restrict line) {
  const double m0 = tap.m0;
  const double m1 = tap.m1;
  const double half = 0.5 * tap.m2;
  for (std::size_t k = first; k < last; ++k) {
    line[k] += m0 * rows0[k] + m1 * rows1[k] + half * rows2[k];
  }
}

/// The local quadratics of n columns from central differences, and their integral over
/// the pixel. \param b brightness of the first column, rows `stride` apart
LENSMILL_MULTIVERSION void fit_quadratics(const double* b, std::size_t stride,
                                          const double* area, std::size_t n,
                                          double* __restrict value,
                                          double* __restrict x, double* __restrict y,
                                          double* __restrict xx, double* __restrict xy,
                                          double* __restrict yy,
                                          double* __restrict pixel) {
  const double* below = b - stride;
  const double* above = b + stride;
  for (std::size_t k = 0; k < n; ++k) {
    value[k] = area[k] * b[k];
    x[k] = area[k] * 0.5 * (b[k + 1] - b[k - 1]);
    y[k] = area[k] * 0.5 * (above[k] - below[k]);
    xx[k] = area[k] * (b[k - 1] - 2.0 * b[k] + b[k + 1]);
    yy[k] = area[k] * (below[k] - 2.0 * b[k] + above[k]);
    xy[k] =
        area[k] * 0.25 * (above[k + 1] - above[k - 1] - below[k + 1] + below[k - 1]);
    pixel[k] = value[k] + (xx[k] + yy[k]) / 24.0;
  }
}

}  // namespace

SmoothDeposit::SmoothDeposit(const Lattice& lattice, Deposit deposit)
    : lattice_(lattice), deposit_(deposit) {
  if (deposit_ == Deposit::pixels) return;
  // The spline is a polynomial between lattice points: Gauss's rule is exact piecewise
  // up to degree 5, so integrate each half step (u^2 beta has degree 7) with two cells.
  const int os = lattice_.oversample;
  first_ = static_cast<int>(std::floor(-0.5 * os)) - 2;
  const int last = static_cast<int>(std::floor(0.5 * os)) + 3;
  for (auto& moment : moment_) moment.assign(std::size_t(last - first_ + 1), 0.0);
  const int pieces = 8 * os;
  for (int piece = 0; piece < pieces; ++piece) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double u = -0.5 + (piece + 0.5 + 0.5 * gauss_node[k]) / pieces;
      const double weight = 0.5 * gauss_weight[k] / pieces;
      const double position = os * u;
      const double floor = std::floor(position);
      const auto spline = spline_weights(position - floor);
      for (std::size_t p = 0; p < spline_support; ++p) {
        const auto slot = static_cast<std::size_t>(static_cast<int>(floor) - 2 +
                                                   static_cast<int>(p) - first_);
        moment_[0][slot] += weight * spline[p];
        moment_[1][slot] += weight * spline[p] * u;
        moment_[2][slot] += weight * spline[p] * u * u;
      }
    }
  }
}

bool SmoothDeposit::fill_row(const CentreGrid& centres, int row, lens::ImageKind kind,
                             double area, Workspace& w, Image<double>& pixel) const {
  const auto side = static_cast<std::size_t>(centres.side());
  const auto brightness = centres.rays().brightness();
  const std::size_t n = centres.stride();
  const std::size_t first_centre =
      centres.index(row - centres.margin(), -centres.margin());
  const lens::ImageKind* kinds = w.kind.data() + std::size_t(row) * side;
  w.first = side;
  w.last = 0;
  for (std::size_t k = 0; k < side; ++k) {
    if (kinds[k] != kind) continue;
    if (w.last == 0) {
      for (auto* part : {&w.area, &w.value, &w.x, &w.y, &w.xx, &w.xy, &w.yy}) {
        part->assign(side, 0.0);
      }
      w.first = k;
    }
    w.last = k + 1;
    w.area[k] = area;
  }
  if (w.last == 0) return false;
  const std::size_t k = w.first;
  fit_quadratics(brightness.data() + first_centre + k, n, &w.area[k], w.last - k,
                 &w.value[k], &w.x[k], &w.y[k], &w.xx[k], &w.xy[k], &w.yy[k],
                 pixel.view().row(row).data() + k);
  return true;
}

void SmoothDeposit::filter_row(int row, int margin, Workspace& w,
                               Image<double>& lattice) const {
  const auto size = static_cast<std::size_t>(lattice_.size());
  const auto spacing = static_cast<std::size_t>(lattice_.oversample);
  const std::size_t taps = moment_[0].size();
  w.rows.assign(3 * size, 0.0);
  const auto start =
      static_cast<std::size_t>(lattice_.index_of_pixel(-margin) + first_);
  for (std::size_t t = 0; t < taps; ++t) {
    double* rows = w.rows.data() + start + t;
    add_x_tap(w, w.first, w.last, spacing,
              {moment_[0][t], moment_[1][t], moment_[2][t]}, rows, rows + size,
              rows + 2 * size);
  }
  const std::size_t begin = start + w.first * spacing;
  const std::size_t end = start + (w.last - 1) * spacing + taps;
  const int y0 = lattice_.index_of_pixel(row - margin) + first_;
  for (std::size_t t = 0; t < taps; ++t) {
    add_y_tap(begin, end, {moment_[0][t], moment_[1][t], moment_[2][t]}, w.rows.data(),
              w.rows.data() + size, w.rows.data() + 2 * size,
              lattice.view().row(y0 + static_cast<int>(t)).data());
  }
}

void SmoothDeposit::add(const CentreGrid& centres,
                        const std::vector<std::uint8_t>& rough,
                        double pixel_area_arcsec2, Workspace& workspace,
                        ArcPlanes& out) const {
  const auto side = static_cast<std::size_t>(centres.side());
  const auto& rays = centres.rays();
  std::array<bool, lens::kind_count> any{};
  workspace.kind.assign(side * side, lens::ImageKind::none);
  for (std::size_t row = 0; row < side; ++row) {
    const std::size_t first =
        centres.index(static_cast<int>(row) - centres.margin(), -centres.margin());
    for (std::size_t k = 0; k < side; ++k) {
      const std::size_t c = first + k;
      if (rough[row * side + k] != 0 || rays.brightness()[c] <= 0.0) continue;
      const auto kind = lens::kind_of(rays.determinant()[c], rays.trace()[c]);
      workspace.kind[row * side + k] = kind;
      any[static_cast<std::size_t>(lens::kind_index(kind))] = true;
    }
  }
  for (std::size_t k = 0; k < lens::kind_count; ++k) {
    if (!any[k]) continue;
    const auto kind = static_cast<lens::ImageKind>(k + 1);
    out.present[k] = true;
    for (int row = 0; row < centres.side(); ++row) {
      if (fill_row(centres, row, kind, pixel_area_arcsec2, workspace,
                   out.pixel[kind]) &&
          deposit_ == Deposit::spline) {
        filter_row(row, centres.margin(), workspace, out.lattice[kind]);
      }
    }
  }
}

}  // namespace lensmill::imaging
