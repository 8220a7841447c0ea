#include "lib/imaging/smooth_deposit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "lib/core/contracts.hpp"
#include "lib/core/multiversion.hpp"
#include "lib/imaging/cell.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::imaging {
namespace {

/// One tap of the x filter where the lattice is finer than the pixels: fields step by
/// `spacing` lattice points per pixel.
void add_x_tap(const detail::QuadraticRow& q, std::size_t count, std::size_t spacing,
               const detail::DepositTap& tap, double* rows0, double* rows1,
               double* rows2) {
  for (std::size_t k = 0; k < count; ++k) {
    rows0[k * spacing] += tap.m0 * q.value[k] + tap.m1 * q.x[k] + tap.half_m2 * q.xx[k];
    rows1[k * spacing] += tap.m0 * q.y[k] + tap.m1 * q.xy[k];
    rows2[k * spacing] += tap.m0 * q.yy[k];
  }
}

/// The local quadratics of n columns from central differences, and their integral over
/// the pixel; pixels of other kinds get zero. \param b brightness of the first
/// column, rows `stride` apart
LENSMILL_MULTIVERSION void fit_quadratics(
    const double* b, std::size_t stride, const PixelClass* kinds, PixelClass kind,
    double pixel_area, std::size_t n, double* __restrict value, double* __restrict x,
    double* __restrict y, double* __restrict xx, double* __restrict xy,
    double* __restrict yy, double* __restrict pixel) {
  const double* below = b - stride;
  const double* above = b + stride;
  for (std::size_t k = 0; k < n; ++k) {
    const double area = kinds[k] == kind ? pixel_area : 0.0;
    value[k] = area * b[k];
    x[k] = area * 0.5 * (b[k + 1] - b[k - 1]);
    y[k] = area * 0.5 * (above[k] - below[k]);
    xx[k] = area * (b[k - 1] - 2.0 * b[k] + b[k + 1]);
    yy[k] = area * (below[k] - 2.0 * b[k] + above[k]);
    xy[k] = area * 0.25 * (above[k + 1] - above[k - 1] - below[k + 1] + below[k - 1]);
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
  const int taps = last - first_ + 1;
  taps_.assign(static_cast<std::size_t>(taps), {});
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
        taps_[slot].m0 += weight * spline[p];
        taps_[slot].m1 += weight * spline[p] * u;
        taps_[slot].half_m2 += 0.5 * weight * spline[p] * u * u;
      }
    }
  }
}

bool SmoothDeposit::fill_row(const CentreGrid& centres, const PixelClass* classes,
                             int row, PixelClass kind, double area, Workspace& w,
                             Image<double>& pixel) const {
  const auto side = static_cast<std::size_t>(centres.side());
  const auto brightness = centres.rays().brightness();
  const std::size_t n = centres.stride();
  const std::size_t first_centre =
      centres.index(row - centres.margin(), -centres.margin());
  const PixelClass* kinds = classes + std::size_t(row) * side;
  const void* begin = std::memchr(kinds, kind, side);
  if (begin == nullptr) return false;
  w.first = static_cast<std::size_t>(static_cast<const PixelClass*>(begin) - kinds);
  w.last = side;
  while (kinds[w.last - 1] != kind) --w.last;
  const std::size_t count = w.last - w.first;
  const std::size_t before = taps_.size();
  const std::size_t after = before + RaySamples::padding;
  for (auto* part : {&w.value, &w.x, &w.y, &w.xx, &w.xy, &w.yy}) {
    if (part->size() < before + side + after) part->resize(before + side + after);
    std::fill_n(part->begin(), before, 0.0);
    std::fill_n(part->begin() + std::ptrdiff_t(before + count), after, 0.0);
  }
  fit_quadratics(brightness.data() + first_centre + w.first, n, kinds + w.first, kind,
                 area, count, &w.value[before], &w.x[before], &w.y[before],
                 &w.xx[before], &w.xy[before], &w.yy[before],
                 pixel.view().row(row).data() + w.first);
  return true;
}

void SmoothDeposit::filter_row(int row, int margin, Workspace& w,
                               Image<double>& lattice) const {
  const auto size = static_cast<std::size_t>(lattice_.size());
  const auto spacing = static_cast<std::size_t>(lattice_.oversample);
  const std::size_t before = taps_.size();
  const detail::QuadraticRow quadratics{&w.value[before], &w.x[before],  &w.y[before],
                                        &w.xx[before],    &w.xy[before], &w.yy[before]};
  const std::size_t pixels = w.last - w.first;
  const std::size_t count = (pixels - 1) * spacing + taps_.size();
  const std::size_t room = size + RaySamples::padding;
  double* rows0 = nullptr;
  if (spacing == 1) {
    w.rows.resize(3 * room);
    rows0 = w.rows.data();
    detail::filter_x(quadratics, taps_.data(), taps_.size(), count, rows0, rows0 + room,
                     rows0 + 2 * room);
  } else {
    w.rows.assign(3 * room, 0.0);
    rows0 = w.rows.data();
    for (std::size_t t = 0; t < taps_.size(); ++t) {
      add_x_tap(quadratics, pixels, spacing, taps_[t], rows0 + t, rows0 + room + t,
                rows0 + 2 * room + t);
    }
  }
  const int x0 = lattice_.index_of_pixel(static_cast<int>(w.first) - margin) + first_;
  const int y0 = lattice_.index_of_pixel(row - margin) + first_;
  EXPECT(x0 >= 0 && static_cast<std::size_t>(x0) + count <= size);
  EXPECT(y0 >= 0 && static_cast<std::size_t>(y0) + taps_.size() <= size);
  detail::filter_y(rows0, rows0 + room, rows0 + 2 * room, count, taps_.data(),
                   taps_.size(), &lattice(y0, x0), size);
}

void SmoothDeposit::add(const CentreGrid& centres,
                        const std::vector<PixelClass>& classes,
                        double pixel_area_arcsec2, Workspace& workspace,
                        ArcPlanes& out) const {
  for (std::size_t k = 0; k < lens::kind_count; ++k) {
    const auto kind = static_cast<lens::ImageKind>(k + 1);
    for (int row = 0; row < centres.side(); ++row) {
      if (!fill_row(centres, classes.data(), row, static_cast<PixelClass>(kind),
                    pixel_area_arcsec2, workspace, out.pixel[kind])) {
        continue;
      }
      out.present[k] = true;
      if (deposit_ == Deposit::spline) {
        filter_row(row, centres.margin(), workspace, out.lattice[kind]);
      }
    }
  }
}

}  // namespace lensmill::imaging
