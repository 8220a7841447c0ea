#pragma once

#include <array>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/lens/image_kind.hpp"

namespace lensmill::imaging {

/// The convolution lattice: points at pixel centres and, for oversample > 1, between
/// them, over the stamp and `margin_pix` pixels around it, plus `border` lattice points
/// on each side that take the tails of the deposit's stencil.
struct Lattice {
  int stamp_size_pix = 64;
  int margin_pix = 0;
  int oversample = 1;  ///< lattice points per pixel and axis
  int border = 0;      ///< extra lattice points on each side

  /// Lattice points per axis.
  int size() const {
    return (stamp_size_pix + 2 * margin_pix - 1) * oversample + 1 + 2 * border;
  }
  /// Lattice index of the stamp's pixel 0.
  int first_pixel() const { return margin_pix * oversample + border; }
  /// Lattice index of stamp pixel `pix`.
  int index_of_pixel(int pix) const { return first_pixel() + pix * oversample; }
  /// Stamp coordinate in pixels of lattice index `index`.
  double pix_of_index(double index) const {
    return (index - first_pixel()) / static_cast<double>(oversample);
  }
  bool operator==(const Lattice&) const = default;
};

/// How a light distribution is put on the convolution lattice.
enum class Deposit {
  /// Each quadrature sample by spline weights (spline.hpp): convolution with
  /// the spline coefficients of the pixel-integrated PSF (its transform divided by
  /// spline_response on both axes) is then the continuous convolution.
  spline,
  /// The pixel-integrated image itself (oversample 1, border 0): the peers' discrete
  /// pixel-to-pixel convolution.
  pixels,
};

/// One real plane per image kind; index with lens::kind_index.
template <class T>
struct KindPlanes {
  std::array<Image<T>, lens::kind_count> plane;
  Image<T>& operator[](lens::ImageKind kind) {
    return plane[static_cast<std::size_t>(lens::kind_index(kind))];
  }
  const Image<T>& operator[](lens::ImageKind kind) const {
    return plane[static_cast<std::size_t>(lens::kind_index(kind))];
  }
  /// All kinds together at one point.
  T sum(int y, int x) const {
    T value{};
    for (const auto& of_kind : plane) value += of_kind(y, x);
    return value;
  }
};

/// A square of lensed light outside the stamp, evenly bright, or a point, for unit
/// source flux.
struct OutsideCell {
  double x_pix = 0.0;  ///< centre, stamp coordinates
  double y_pix = 0.0;
  double half_pix = 0.5;
  double flux = 0.0;
};

/// The lens stage's product for one injection: the lensed light before the PSF, for
/// unit unlensed source flux (a band's flux multiplies it), split by image kind.
struct ArcPlanes {
  int margin_pix = 0;  ///< of the lattice they were rendered on
  /// Flux per pixel [y, x] over the stamp and its margin: what intrinsic apertures see.
  /// Side stamp_size_pix + 2 margin_pix; stamp pixel 0 is at index margin_pix.
  KindPlanes<double> pixel;
  /// Flux on the convolution lattice [lattice.size(), lattice.size()]: what the PSF and
  /// the adjoint apertures act on. Deposit::pixels: a copy of `pixel`.
  KindPlanes<double> lattice;
  /// Which kinds have any light (others are all zero and may be skipped).
  std::array<bool, lens::kind_count> present{};
  /// Flux before the PSF in the stamp's pixels (without the margin), by kind index.
  std::array<double, lens::kind_count> stamp_flux{};
  /// Lensed flux before the PSF on the extended grid (3 x 3 stamps), for unit source
  /// flux.
  double total_flux = 0.0;
  /// Where that of it is which lies outside the stamp, margin included.
  std::vector<OutsideCell> outside;
  /// Bound on what light beyond the margin would add to any pixel after the PSF; NaN
  /// where nobody asked.
  double left_out_flux = 0.0;
  /// Flux inside discs about the aperture centre before the PSF, [radius][kind index],
  /// by the part of each cell inside (disc_shares.hpp); filled only when the renderer
  /// was given disc radii.
  std::vector<std::array<double, lens::kind_count>> disc_flux;
  /// Estimated worst pixel error over the peak pixel, before the PSF; NaN with fixed
  /// supersampling, which knows none.
  double pixel_error = 0.0;
  /// Estimated error of the flux inside the largest core aperture over the larger of it
  /// and 1 % of the arc's flux; NaN likewise.
  double core_error = 0.0;
  /// Images of a point source left out for their magnification (stages/lens_stage.hpp).
  int images_left_out = 0;
  /// Brightness evaluations spent.
  long evaluations = 0;
};

}  // namespace lensmill::imaging
