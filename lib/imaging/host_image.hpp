#pragma once

#include <cstdint>
#include <limits>

#include "lib/core/image.hpp"

/// \file
/// Real host cutouts: measuring, orienting and cropping them. Pixel coordinates have
/// integer centres; images are [y, x].

namespace lensmill::imaging {

/// What a run needs to know of a real host cutout; NaN where undefined.
struct HostStatistics {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  /// Background-subtracted, in the aperture; NaN where a pixel of it is not finite.
  double flux_nmgy = nan;
  double background_nmgy = nan;        ///< median of the outer frame
  double background_sigma_nmgy = nan;  ///< 1.4826 MAD of the outer frame, per pixel
  double centroid_x_pix = nan;         ///< of the light in a window
  double centroid_y_pix = nan;
  bool usable = false;                 ///< positive flux
  std::int64_t not_finite_pixels = 0;  ///< of the unmasked ones
};

/// Measure a cutout: background and its scatter from the outermost frame (an eighth of
/// the shorter side), background-subtracted flux within the circle of
/// `aperture_radius_pix` about the geometric centre (each pixel by the area that it
/// shares with it), and the centroid of the light above the background in a round
/// Gaussian window of sigma 2 px, which follows it from the geometric centre until it
/// stands still. Pixels where `mask` (if not empty) is not 0 take no part in anything:
/// their values are arbitrary and add no flux. Those that are not finite take no part
/// in background and centroid, and leave no flux if they lie in the circle.
HostStatistics measure_host(ImageView<const float> cutout, double aperture_radius_pix,
                            ImageView<const float> mask = {});

/// The background of measure_host alone: median of the outer frame's unmasked, finite
/// pixels; NaN if there is none.
double frame_background(ImageView<const float> cutout, ImageView<const float> mask);

/// Orientation of a host on its stamp.
struct Orientation {
  int quarter_turns = 0;  ///< anticlockwise, 0..3
  bool mirrored = false;  ///< in x, before the turns
};

/// Turn a cutout. `out` gets the turned shape.
void orient(ImageView<const float> cutout, const Orientation& orientation,
            Image<float>& out);
/// Where point (x, y) of the cutout lies after orient().
struct Point {
  double x_pix = 0.0;
  double y_pix = 0.0;
};
Point oriented_point(Point point, int ny, int nx, const Orientation& orientation);

/// Integer crop of `stamp_size` pixels that puts host pixel (M-1)/2 on stamp pixel
/// (N-1)/2 (integer division on both axes). \return offset of the crop's pixel (0, 0)
/// in the host. \throws DataError when the host is smaller than the stamp.
struct CropOffset {
  int y = 0;
  int x = 0;
};
CropOffset crop_offset(int ny, int nx, int stamp_size);
void crop(ImageView<const float> host, const CropOffset& offset,
          ImageView<float> stamp);

}  // namespace lensmill::imaging
