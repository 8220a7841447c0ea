#pragma once

#include <cstdint>
#include <limits>

#include "lib/core/image.hpp"

namespace lensmill::imaging {

/// Scatter per pixel of an image's noise where light varies smoothly, as in the wings
/// of a galaxy: 1.4826 times the median absolute residual of the pixels that `blank`
/// [y, x] marks (with 1) from planes fitted by least squares in cells of nearly 8
/// pixels, each scaled for the plane's three parameters. NaN where no cell has enough
/// of them. White noise comes out whole; noise correlated over two or three pixels
/// loses some per cent.
double local_scatter(ImageView<const float> image, ImageView<const std::uint8_t> blank);

/// The noise of an image's blank pixels.
struct BlankNoise {
  std::int64_t pixels = 0;          ///< blank ones
  double scatter = not_known;       ///< local_scatter of them
  double median_value = not_known;  ///< of `values` there
  static constexpr double not_known = std::numeric_limits<double>::quiet_NaN();
};
/// Of the pixels that are finite, not masked, and whose value (a weight or variance) is
/// positive and finite, those that keep_blank_pixels leaves. Fewer than
/// `fewest_pixels`: nothing but their number. \param mask empty, or not 0 where a pixel
/// is masked; all [y, x]
BlankNoise blank_noise(ImageView<const float> image, ImageView<const float> values,
                       ImageView<const float> mask, std::int64_t fewest_pixels);

}  // namespace lensmill::imaging
