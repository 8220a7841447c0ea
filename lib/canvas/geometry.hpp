#pragma once

#include <cstddef>

/// \file
/// A wide image and the lattice that it is painted and convolved on.

namespace lensmill::canvas {

/// Lattice points over an image of ny_pix x nx_pix pixels, at pixel centres and, for
/// oversample > 1, between them, with `rim` more on each side for light that lies off
/// the image and reaches it. The transform is at least as long, so that what wraps
/// around falls on the rim.
struct CanvasGeometry {
  int ny_pix = 0;
  int nx_pix = 0;
  int oversample = 1;  ///< lattice points per pixel and axis
  int rim = 0;         ///< lattice points beyond the outermost pixel centres
  int fft_ny = 0;      ///< transform lengths
  int fft_nx = 0;

  int lattice_ny() const { return (ny_pix - 1) * oversample + 1 + 2 * rim; }
  int lattice_nx() const { return (nx_pix - 1) * oversample + 1 + 2 * rim; }
  /// Lattice index of a pixel's centre.
  int index_of_pixel(int pix) const { return rim + pix * oversample; }
  /// Image coordinate (the first pixel's centre is 0) of a lattice index.
  double pix_of_index(int index) const {
    return (index - rim) / static_cast<double>(oversample);
  }
};

/// Lattice points past a kernel's edge to which the spline's coefficients reach: they
/// fall by 0.5638 a point, so that what is left is below 1e-6 of the kernel's edge.
inline constexpr int coefficient_tail = 24;

/// The geometry for kernels of at most `reach` lattice points from their origin.
/// \throws ConfigError for a side of more lattice points than an int may count safely
CanvasGeometry make_geometry(int ny_pix, int nx_pix, int oversample, int reach);

/// The smallest even length >= n without prime factors above 7.
int good_canvas_size(int n);

}  // namespace lensmill::canvas
