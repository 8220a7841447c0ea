#include "lib/imaging/local_scatter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lib/core/contracts.hpp"
#include "lib/core/statistics.hpp"
#include "lib/imaging/blank_pixels.hpp"

namespace lensmill::imaging {
namespace {

constexpr int cell_pix = 8;
// A plane through fewer would follow the noise.
constexpr std::size_t fewest_pixels = 16;

struct Sample {
  double x, y, value;
};

/// Residuals from the plane a + b x + c y, scaled by sqrt(n / (n - 3)). Nothing where
/// the pixels do not span a plane.
void add_residuals(std::vector<Sample>& samples, std::vector<float>& residuals) {
  const auto n = static_cast<double>(samples.size());
  double mean_x = 0.0, mean_y = 0.0, mean = 0.0;
  for (const auto& s : samples) {
    mean_x += s.x / n;
    mean_y += s.y / n;
    mean += s.value / n;
  }
  double xx = 0.0, xy = 0.0, yy = 0.0, xv = 0.0, yv = 0.0;
  for (auto& s : samples) {
    s.x -= mean_x;
    s.y -= mean_y;
    s.value -= mean;
    xx += s.x * s.x;
    xy += s.x * s.y;
    yy += s.y * s.y;
    xv += s.x * s.value;
    yv += s.y * s.value;
  }
  const double determinant = xx * yy - xy * xy;
  if (!(determinant > 0.0)) return;
  const double b = (yy * xv - xy * yv) / determinant;
  const double c = (xx * yv - xy * xv) / determinant;
  const double scale = std::sqrt(n / (n - 3.0));
  for (const auto& s : samples) {
    residuals.push_back(
        static_cast<float>(scale * std::abs(s.value - b * s.x - c * s.y)));
  }
}

}  // namespace

double local_scatter(ImageView<const float> image,
                     ImageView<const std::uint8_t> blank) {
  EXPECT(blank.ny() == image.ny() && blank.nx() == image.nx());
  const CellGrid cells(image.ny(), image.nx(), cell_pix);
  std::vector<Sample> samples;
  std::vector<float> residuals;
  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const PixelBox box = cells.box(row, column);
      samples.clear();
      for (int y = box.y; y < box.y + box.ny; ++y) {
        for (int x = box.x; x < box.x + box.nx; ++x) {
          if (blank(y, x) == 0) continue;
          samples.push_back({static_cast<double>(x), static_cast<double>(y),
                             static_cast<double>(image(y, x))});
        }
      }
      if (samples.size() >= fewest_pixels) add_residuals(samples, residuals);
    }
  }
  if (residuals.empty()) return std::numeric_limits<double>::quiet_NaN();
  return sigma_per_mad * static_cast<double>(median(std::span(residuals)));
}

BlankNoise blank_noise(ImageView<const float> image, ImageView<const float> values,
                       ImageView<const float> mask, std::int64_t fewest_pixels) {
  EXPECT(values.size() == image.size());
  EXPECT(mask.size() == 0 || mask.size() == image.size());
  Image<float> pixels(image.ny(), image.nx());
  Image<std::uint8_t> blank(image.ny(), image.nx());
  for (std::size_t i = 0; i < image.size(); ++i) {
    const float value = values.pixels()[i];
    const bool usable = (mask.size() == 0 || mask.pixels()[i] == 0.0F) &&
                        std::isfinite(image.pixels()[i]) && value > 0.0F &&
                        std::isfinite(value);
    blank.pixels()[i] = usable ? 1 : 0;
    pixels.pixels()[i] = usable ? image.pixels()[i] : 0.0F;
  }
  BlankNoise noise;
  noise.pixels = std::ranges::count(blank.pixels(), std::uint8_t{1});
  if (noise.pixels < fewest_pixels) return noise;
  keep_blank_pixels(pixels, {.cell_pix = std::max(image.ny(), image.nx())}, blank);
  std::vector<float> there;
  for (std::size_t i = 0; i < image.size(); ++i) {
    if (blank.pixels()[i] != 0) there.push_back(values.pixels()[i]);
  }
  noise.pixels = static_cast<std::int64_t>(there.size());
  if (noise.pixels < fewest_pixels) return noise;
  noise.scatter = local_scatter(pixels, blank);
  noise.median_value = double{median(std::span(there))};
  return noise;
}

}  // namespace lensmill::imaging
