#pragma once

#include <cstdint>
#include <vector>

#include "lib/imaging/deposit_kernel.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/imaging/smooth_pixels.hpp"

namespace lensmill::imaging {

/// Adds the light of the smooth pixels to the planes: in the pixel plane centre +
/// Laplacian/24 (fourth order), on the lattice the spline moments of the local
/// quadratic, by two separable filters. The pixel planes of smooth pixels must be zero.
class SmoothDeposit {
 public:
  SmoothDeposit(const Lattice& lattice, Deposit deposit);

  /// One row's local quadratics in pixel units (zero where another kind or rough) and
  /// its x-filtered fields.
  struct Workspace {
    std::vector<double> value, x, y, xx, xy, yy;  ///< from column `first`, among zeros
    std::size_t first = 0;                        ///< columns [first, last) hold light
    std::size_t last = 0;
    std::vector<double> rows;
  };
  void add(const CentreGrid& centres, const std::vector<PixelClass>& classes,
           double pixel_area_arcsec2, Workspace& workspace, ArcPlanes& out) const;

 private:
  bool fill_row(const CentreGrid& centres, const PixelClass* classes, int row,
                PixelClass kind, double area, Workspace& workspace,
                Image<double>& pixel) const;
  void filter_row(int row, int margin, Workspace& workspace,
                  Image<double>& lattice) const;

  Lattice lattice_;
  Deposit deposit_;
  int first_ = 0;  ///< lattice index of the stencil's start relative to the pixel's own
  std::vector<detail::DepositTap> taps_;
};

}  // namespace lensmill::imaging
