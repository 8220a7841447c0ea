#pragma once

#include "lib/core/image.hpp"
#include "lib/core/interval.hpp"
#include "lib/imaging/circle_overlap.hpp"
#include "lib/imaging/planes.hpp"

/// \file
/// Apertures as weight images. A flux in an aperture is sum of weight times pixel flux.

namespace lensmill::measure {

/// A disc in stamp pixel coordinates (integer centres), anywhere, also partly outside.
struct Disc {
  double x_pix = 0.0;
  double y_pix = 0.0;
  double radius_pix = 5.0;
  bool operator==(const Disc&) const = default;
};

/// Below this an aperture's area is the rounding of its pixels' overlap: it has no
/// pixel.
inline constexpr double smallest_area_pix2 = 1.0e-6;

/// Half-open index ranges outside which all weights are zero.
struct WeightBox {
  int y_begin = 0;
  int y_end = 0;
  int x_begin = 0;
  int x_end = 0;
};

/// Weights over a square image [y, x], and the box that contains the non-zero ones.
struct ApertureWeights {
  Image<double> weight;
  WeightBox box;
  /// Sum of the weights: the aperture's area as far as it lies in the image.
  double area_pix2 = 0.0;

  /// Whether any of it lies in the image and is not masked. What is measured in an
  /// aperture without area is undefined, not 0.
  bool has_area() const { return area_pix2 > smallest_area_pix2; }
};

using imaging::circle_pixel_overlap;

/// `pixel_overlap`: weight = area shared by pixel and disc.
ApertureWeights pixel_overlap_weights(int stamp_size_pix, const Disc& disc);

/// `pixel_centre`: weight 1 where the pixel centre's distance is strictly below the
/// radius (the historical mask).
ApertureWeights pixel_centre_weights(int stamp_size_pix, const Disc& disc);

/// Annulus inner <= r < outer about (x, y) by overlap area; inner 0 is a disc.
ApertureWeights annulus_overlap_weights(int stamp_size_pix, double x_pix, double y_pix,
                                        const Interval& radius_pix);

/// `circle`: the continuous disc on the convolution lattice, as weights on samples:
/// sum_j weight[j] f(x_j) is the integral over the disc (clipped to the stamp) of the
/// spline (lib/imaging/spline.hpp) through the samples f(x_j), by Gauss-Legendre points
/// of the disc. Correlated with the PSF *without* its pixel response
/// (Convolver::adjoint_of_lattice) they give the adjoint of the continuous aperture.
/// Weights are in pix^2 and sum to the disc's area.
ApertureWeights circle_lattice_weights(const imaging::Lattice& lattice,
                                       const Disc& disc);

/// The aperture without the pixels where `mask` is not 0: their weights are zero.
ApertureWeights without_masked(ApertureWeights aperture, ImageView<const float> mask);

/// Share of the aperture's area (as far as it lies in the image) that is masked; NaN
/// for an aperture outside the image.
double masked_share(const ApertureWeights& aperture, ImageView<const float> mask);

/// sum weight * image; `image` has `offset` more pixels than the weights on each side.
double aperture_sum(const ApertureWeights& aperture, ImageView<const double> image,
                    int offset = 0);
double aperture_sum(const ApertureWeights& aperture, ImageView<const float> image,
                    int offset = 0);

}  // namespace lensmill::measure
