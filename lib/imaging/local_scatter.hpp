#pragma once

#include <cstdint>

#include "lib/core/image.hpp"

namespace lensmill::imaging {

/// Scatter per pixel of an image's noise where light varies smoothly, as in the wings
/// of a galaxy: 1.4826 times the median absolute residual of the pixels that `blank`
/// [y, x] marks (with 1) from planes fitted by least squares in cells of nearly 8
/// pixels, each scaled for the plane's three parameters. NaN where no cell has enough
/// of them. White noise comes out whole; noise correlated over two or three pixels
/// loses some per cent.
double local_scatter(ImageView<const float> image, ImageView<const std::uint8_t> blank);

}  // namespace lensmill::imaging
