#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/image.hpp"

namespace lensmill::imaging {

/// An 8-bit picture [y, x, 3] (red, green, blue), row 0 at the bottom as all images.
struct Picture {
  int ny = 0;
  int nx = 0;
  std::vector<std::uint8_t> rgb;
};

/// Flux per pixel that comes out bright, one per band: a high quantile of the image
/// above its median, or 12 times its noise where that is more. NaN pixels do not count;
/// 1 for a band without light.
std::vector<double> brightness_scale(std::span<const ImageView<const float>> bands);

/// Colour composite by the arcsinh stretch of Lupton et al. (2004, PASP 116, 133): the
/// mean over the bands is stretched and the colour ratios are kept, so that bright
/// cores do not burn out to white. Bands run from blue to red: one gives grey, two give
/// blue and red with their mean as green, of more the first, middle and last are taken.
/// \param scale from brightness_scale, of this or of another image to compare it with
Picture colour_picture(std::span<const ImageView<const float>> bands,
                       std::span<const double> scale);

/// Pictures of equal height side by side with gaps of `gap_pix`, each pixel enlarged to
/// `zoom` x `zoom`.
Picture side_by_side(std::span<const Picture> pictures, int zoom, int gap_pix);

/// Pictures of equal width, the first one on top.
Picture stacked(std::span<const Picture> pictures, int gap_pix);

}  // namespace lensmill::imaging
