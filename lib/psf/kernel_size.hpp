#pragma once

namespace lensmill::psf {

/// A kernel's rectangle in pixels. Its origin is pixel (n-1)//2 of each axis, so that
/// the rectangle reaches from -(origin + 1/2) to n - origin - 1/2 pixels about the
/// PSF's origin: symmetric for odd n, one pixel longer on the upper side for even n.
struct KernelSize {
  int ny = 0;
  int nx = 0;

  int origin_y() const { return (ny - 1) / 2; }
  int origin_x() const { return (nx - 1) / 2; }
  double low_y_pix() const { return -origin_y() - 0.5; }
  double low_x_pix() const { return -origin_x() - 0.5; }
  double high_y_pix() const { return low_y_pix() + ny; }
  double high_x_pix() const { return low_x_pix() + nx; }
  bool operator==(const KernelSize&) const = default;
};

}  // namespace lensmill::psf
