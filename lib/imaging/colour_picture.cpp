#include "lib/imaging/colour_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace lensmill::imaging {
namespace {

// The quantile that is taken for bright: some 20 pixels of a 64 x 64 stamp.
constexpr double bright_quantile = 0.995;
// But faint images are not stretched until their noise is bright.
constexpr double noise_sigmas = 12.0;
// Softening of the stretch: faint light is raised about this much over linear.
constexpr double softening = 8.0;
// Added to every band, so that the sky's noise is seen around dark grey, not cut at
// zero.
constexpr double pedestal = 0.06;
constexpr std::uint8_t gap_grey = 255;

double quantile(std::vector<float>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * double(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return double{*(values.begin() + at)};
}

/// Bands that become blue, green and red.
std::array<std::size_t, 3> chosen_bands(std::size_t count) {
  return {0, count / 2, count - 1};
}

double value_of(const ImageView<const float>& band, std::size_t pixel, double scale) {
  const double value = double{band.pixels()[pixel]} / scale;
  return std::isfinite(value) ? value + pedestal : 0.0;
}

}  // namespace

std::vector<double> brightness_scale(std::span<const ImageView<const float>> bands) {
  std::vector<double> scale;
  for (const auto& band : bands) {
    std::vector<float> values;
    for (const float pixel : band.pixels()) {
      if (std::isfinite(pixel)) values.push_back(pixel);
    }
    double above = 0.0;
    if (!values.empty()) {
      const double background = quantile(values, 0.5);
      above = quantile(values, bright_quantile) - background;
      for (float& value : values) {
        value = static_cast<float>(std::abs(double{value} - background));
      }
      // Noise of a normal distribution from the median absolute deviation.
      above = std::max(above, noise_sigmas * 1.4826 * quantile(values, 0.5));
    }
    scale.push_back(above > 0.0 ? above : 1.0);
  }
  return scale;
}

Picture colour_picture(std::span<const ImageView<const float>> bands,
                       std::span<const double> scale) {
  EXPECT(!bands.empty() && scale.size() == bands.size());
  const auto chosen = chosen_bands(bands.size());
  Picture picture{.ny = bands[0].ny(), .nx = bands[0].nx(), .rgb = {}};
  picture.rgb.reserve(3 * bands[0].size());
  for (std::size_t pixel = 0; pixel < bands[0].size(); ++pixel) {
    std::array<double, 3> bgr{};
    for (std::size_t c = 0; c < 3; ++c) {
      bgr[c] = value_of(bands[chosen[c]], pixel, scale[chosen[c]]);
    }
    if (bands.size() == 2) bgr[1] = 0.5 * (bgr[0] + bgr[2]);
    const double mean = std::max(0.0, (bgr[0] + bgr[1] + bgr[2]) / 3.0);
    const double stretched = std::asinh(softening * mean) / std::asinh(softening);
    double factor = mean > 0.0 ? stretched / mean : 0.0;
    // Too bright a colour is scaled down as a whole: its hue stays.
    const double largest = factor * std::ranges::max(bgr);
    if (largest > 1.0) factor /= largest;
    for (const std::size_t c : {2U, 1U, 0U}) {
      const double shade = std::clamp(factor * bgr[c], 0.0, 1.0);
      picture.rgb.push_back(static_cast<std::uint8_t>(std::lround(255.0 * shade)));
    }
  }
  return picture;
}

Picture side_by_side(std::span<const Picture> pictures, int zoom, int gap_pix) {
  EXPECT(!pictures.empty() && zoom >= 1 && gap_pix >= 0);
  Picture out{.ny = pictures[0].ny * zoom, .nx = -gap_pix, .rgb = {}};
  for (const auto& picture : pictures) out.nx += picture.nx * zoom + gap_pix;
  out.rgb.assign(3 * std::size_t(out.ny) * std::size_t(out.nx), gap_grey);
  int left = 0;
  for (const auto& picture : pictures) {
    EXPECT(picture.ny == pictures[0].ny);
    for (int y = 0; y < out.ny; ++y) {
      for (int x = 0; x < picture.nx * zoom; ++x) {
        const auto from = 3 * (std::size_t(y / zoom) * std::size_t(picture.nx) +
                               std::size_t(x / zoom));
        const auto to =
            3 * (std::size_t(y) * std::size_t(out.nx) + std::size_t(left + x));
        std::copy_n(picture.rgb.begin() + static_cast<std::ptrdiff_t>(from), 3,
                    out.rgb.begin() + static_cast<std::ptrdiff_t>(to));
      }
    }
    left += picture.nx * zoom + gap_pix;
  }
  return out;
}

Picture stacked(std::span<const Picture> pictures, int gap_pix) {
  EXPECT(!pictures.empty() && gap_pix >= 0);
  Picture out{.ny = 0, .nx = pictures[0].nx, .rgb = {}};
  // Rows run from the bottom.
  for (auto picture = pictures.rbegin(); picture != pictures.rend(); ++picture) {
    EXPECT(picture->nx == out.nx);
    if (out.ny > 0) {
      out.rgb.insert(out.rgb.end(), 3 * std::size_t(gap_pix) * std::size_t(out.nx),
                     gap_grey);
      out.ny += gap_pix;
    }
    out.rgb.insert(out.rgb.end(), picture->rgb.begin(), picture->rgb.end());
    out.ny += picture->ny;
  }
  return out;
}

}  // namespace lensmill::imaging
