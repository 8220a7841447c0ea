#pragma once

#include <array>
#include <span>

#include "lib/analysis/stamp_row.hpp"

namespace lensmill::analysis {

/// One lensed image of a source's centre, as /measurements stores it.
struct StoredImage {
  double x_arcsec = 0.0;  ///< from the stamp's centre
  double y_arcsec = 0.0;
  double magnification = 0.0;  ///< signed
  int kind = 0;                ///< 1 minimum, 2 saddle, 3 maximum; else no image
};

/// A circle in the stamp, from whose centre coordinates are in arcsec.
struct CoreCircle {
  double x_arcsec = 0.0;
  double y_arcsec = 0.0;
  double radius_arcsec = 0.0;
  double half_stamp_arcsec = 0.0;  ///< half the stamp's side
};

/// Where the light of a point-like source would be without any PSF: by kind, the share
/// of the images in the stamp that lies strictly within the circle. All NaN if no image
/// lies in the stamp, or a magnification is not finite.
std::array<double, image_classes> point_like_shares(std::span<const StoredImage> images,
                                                    const CoreCircle& core);
/// The same for a full ring of radius `theta_e_arcsec` about the circle's centre, whose
/// light counts half to either side of the critical curve.
std::array<double, image_classes> ring_shares(double theta_e_arcsec,
                                              const CoreCircle& core);

}  // namespace lensmill::analysis
