#include "lib/psf/function_kernel.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/gauss_legendre.hpp"
#include "lib/psf/elliptical_psf.hpp"
#include "lib/psf/kernel_moments.hpp"

namespace lensmill::psf {
namespace {

/// Gauss-Legendre order of a cell, by its side and its distance from the PSF's origin,
/// both in units of the sharpest FWHM.
///
/// The lines bound where each order's error falls below 2e-7 of the PSF's peak for a
/// Gaussian and Moffats of beta 1.5, 2.5 and 3.5, measured for sides of 0.05 to 0.91.
class OrderOfCell {
 public:
  OrderOfCell(double side_pix, double fwhm_pix) {
    const double side = side_pix / fwhm_pix;
    if (side > 0.6) near_order_ = largest_gauss_order;
    const double limits[] = {side > 0.6 ? 1.5 : 1.5 * side - 0.2, 2.2 * side - 0.1,
                             0.7 + 2.5 * side, 2.0 + 3.5 * side, 6.0 + 8.0 * side};
    for (std::size_t i = 0; i < limit2_.size(); ++i) {
      const double limit_pix = std::max(0.0, limits[i]) * fwhm_pix;
      limit2_[i] = limit_pix * limit_pix;
    }
    if (side > 0.95) {  // below one pixel FWHM: fine near the core, fair elsewhere
      limit2_ = {16.0 * fwhm_pix * fwhm_pix, 0.0, 0.0, 0.0, 0.0};
      far_order_ = 6;
    }
  }
  int operator()(double distance2_pix2) const {
    if (distance2_pix2 < limit2_[0]) return near_order_;
    if (distance2_pix2 < limit2_[1]) return 5;
    if (distance2_pix2 < limit2_[2]) return 4;
    if (distance2_pix2 < limit2_[3]) return 3;
    return distance2_pix2 < limit2_[4] ? 2 : far_order_;
  }

 private:
  std::array<double, 5> limit2_{};
  int near_order_ = 6;
  int far_order_ = 1;
};

/// The rectangle as square cells of one lattice step: every lattice point's pixel is
/// then `oversample` whole cells wide, also where the rectangle cuts it.
struct CellGrid {
  int ny, nx;
  double step;
  double low_y, low_x;  ///< lower edges
  double centre_y(int j) const { return low_y + (j + 0.5) * step; }
  double centre_x(int i) const { return low_x + (i + 0.5) * step; }
};

/// Integrate the PSF over cells [first, grid.nx) of row j.
void integrate_row(const PsfFunction& psf, const CellGrid& grid, int j, int first,
                   const OrderOfCell* order_of_cell, FunctionKernelWorkspace& work) {
  constexpr int order_of_unknown = 8;  // a PSF that need not peak at its origin
  const double y = grid.centre_y(j);
  const auto cells = static_cast<std::size_t>(grid.nx);
  work.rules.resize(std::max(work.rules.size(), cells));
  std::size_t count = 0;
  for (int i = first; i < grid.nx; ++i) {
    const double x = grid.centre_x(i);
    const int order =
        order_of_cell != nullptr ? (*order_of_cell)(x * x + y * y) : order_of_unknown;
    const auto rule = gauss_legendre(order);
    work.rules[static_cast<std::size_t>(i)] = rule;
    const std::size_t needed = count + rule.size() * rule.size();
    if (work.x_pix.size() < needed) {
      work.x_pix.resize(2 * needed);
      work.y_pix.resize(2 * needed);
      work.density.resize(2 * needed);
    }
    for (const GaussNode& row : rule) {
      const double row_y = y + grid.step * row.offset;
      for (const GaussNode& column : rule) {
        work.x_pix[count] = x + grid.step * column.offset;
        work.y_pix[count] = row_y;
        ++count;
      }
    }
  }
  psf.evaluate(std::span(work.x_pix).first(count), std::span(work.y_pix).first(count),
               std::span(work.density).first(count));
  const double* density = work.density.data();
  double* cell = &work.cells(j, 0);
  for (int i = first; i < grid.nx; ++i) {
    const auto rule = work.rules[static_cast<std::size_t>(i)];
    double integral = 0.0;
    for (const GaussNode& row : rule) {
      double line = 0.0;
      for (const GaussNode& column : rule) line += column.weight * *density++;
      integral += row.weight * line;
    }
    cell[i] = integral * grid.step * grid.step;
  }
}

/// Integrate the PSF over every cell, one octant only where the symmetry allows.
void integrate_cells(const PsfFunction& psf, const CellGrid& grid, bool octant,
                     FunctionKernelWorkspace& work) {
  work.cells.assign(grid.ny, grid.nx);
  const OrderOfCell by_distance(grid.step, psf.sharpest_fwhm_pix());
  const bool peaks_at_origin = dynamic_cast<const EllipticalPsf*>(&psf) != nullptr;
  const OrderOfCell* orders = peaks_at_origin ? &by_distance : nullptr;
  if (!octant) {
    for (int j = 0; j < grid.ny; ++j) integrate_row(psf, grid, j, 0, orders, work);
    return;
  }
  const int n = grid.nx;
  for (int j = n / 2; j < n; ++j) integrate_row(psf, grid, j, j, orders, work);
  // The upper right quarter's other half, then the left half, then the lower half.
  for (int j = n / 2; j < n; ++j) {
    const auto row = work.cells.view().row(j);
    for (int i = n / 2; i < j; ++i) {
      row[static_cast<std::size_t>(i)] = work.cells(i, j);
    }
    for (int i = 0; i < n / 2; ++i) {
      row[static_cast<std::size_t>(i)] = row[static_cast<std::size_t>(n - 1 - i)];
    }
  }
  for (int j = 0; j < n / 2; ++j) {
    std::ranges::copy(work.cells.view().row(n - 1 - j),
                      work.cells.view().row(j).begin());
  }
}

/// Sum `width` neighbouring cells on both axes: samples(j, i) gathers cells
/// [j - width + 1, j] x [i - width + 1, i].
void box_sums(const Image<double>& cells, int width, Image<double>& samples) {
  samples.assign(cells.ny() + width - 1, cells.nx() + width - 1);
  for (int j = 0; j < cells.ny(); ++j) {
    for (int dj = 0; dj < width; ++dj) {
      const auto out = samples.view().row(j + dj);
      const auto in = cells.view().row(j);
      for (std::size_t di = 0; di < static_cast<std::size_t>(width); ++di) {
        for (std::size_t i = 0; i < in.size(); ++i) out[i + di] += in[i];
      }
    }
  }
}

/// The PSF's density at every lattice point in the rectangle; half on its edges, a
/// quarter in its corners, as the limit of samples of an ever sharper cut.
void sample_density(const PsfFunction& psf, const CellGrid& grid, LatticeKernel& kernel,
                    FunctionKernelWorkspace& work) {
  const int o = kernel.oversample;
  const auto n = static_cast<std::size_t>(kernel.samples.nx());
  work.x_pix.resize(std::max(work.x_pix.size(), n));
  work.y_pix.resize(std::max(work.y_pix.size(), n));
  work.density.resize(std::max(work.density.size(), n));
  // Twice the distance from the rectangle's edges in lattice steps is a whole number.
  const auto share = [&](int index, int origin, double low, int cells) {
    const double from_low = (index - origin) - low * o;
    const long twice = std::lround(2.0 * from_low);
    const long last = 2L * cells;
    if (twice < 0 || twice > last) return 0.0;
    return twice == 0 || twice == last ? 0.5 : 1.0;
  };
  for (int j = 0; j < kernel.samples.ny(); ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      work.x_pix[i] = (static_cast<int>(i) - kernel.origin_x) / static_cast<double>(o);
      work.y_pix[i] = (j - kernel.origin_y) / static_cast<double>(o);
    }
    psf.evaluate(std::span(work.x_pix).first(n), std::span(work.y_pix).first(n),
                 std::span(work.density).first(n));
    const double share_y = share(j, kernel.origin_y, grid.low_y, grid.ny);
    const auto row = kernel.samples.view().row(j);
    for (std::size_t i = 0; i < n; ++i) {
      const double share_x =
          share(static_cast<int>(i), kernel.origin_x, grid.low_x, grid.nx);
      row[i] = share_y * share_x * work.density[i];
    }
  }
}

}  // namespace

void make_lattice_kernel(const PsfFunction& psf, const FunctionKernelOptions& options,
                         FunctionKernelWorkspace& workspace, LatticeKernel& kernel) {
  const KernelSize& size = options.size;
  const int o = options.oversample;
  EXPECT(o >= 1);
  if (size.ny < 1 || size.nx < 1) {
    throw DataError(
        fmt::format("PSF size_pix: must be at least 1 on both axes (got [{}, {}])",
                    size.ny, size.nx));
  }
  const CellGrid grid{.ny = size.ny * o,
                      .nx = size.nx * o,
                      .step = 1.0 / o,
                      .low_y = size.low_y_pix(),
                      .low_x = size.low_x_pix()};
  const bool octant =
      psf.eightfold_symmetric() && size.ny == size.nx && size.nx % 2 == 1;
  integrate_cells(psf, grid, octant, workspace);
  const double flux = sum_of(workspace.cells.pixels());
  if (!std::isfinite(flux) || flux <= 0.0) {
    throw DataError(
        fmt::format("PSF: its flux in a rectangle of {} x {} pixels must be a number "
                    "> 0 (got {})",
                    size.ny, size.nx, flux));
  }

  kernel.oversample = o;
  kernel.origin_y = size.origin_y() * o + o - 1;
  kernel.origin_x = size.origin_x() * o + o - 1;
  if (options.pixel_response == PixelResponse::apply) {
    box_sums(workspace.cells, o, kernel.samples);
  } else {
    kernel.samples.assign(grid.ny + o - 1, grid.nx + o - 1);
    sample_density(psf, grid, kernel, workspace);
  }
  if (options.normalisation == Normalisation::unit) {
    const double scale = 1.0 / flux;
    for (double& sample : kernel.samples.pixels()) sample *= scale;
  }
  record_moments(kernel, workspace.column_sum);
}

LatticeKernel make_lattice_kernel(const PsfFunction& psf,
                                  const FunctionKernelOptions& options) {
  FunctionKernelWorkspace workspace;
  LatticeKernel kernel;
  make_lattice_kernel(psf, options, workspace, kernel);
  return kernel;
}

}  // namespace lensmill::psf
