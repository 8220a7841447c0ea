#include "lib/measure/profiles.hpp"

#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {

double mean_offset(const ApertureWeights& aperture, ImageView<const float> positive,
                   ImageView<const float> negative) {
  const double area = aperture.area();
  if (!(area > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  return (aperture_sum(aperture, positive) - aperture_sum(aperture, negative)) / area;
}

RadialBins::RadialBins(int stamp_size_pix, double x_pix, double y_pix, int bins)
    : pixels_in_bin_(static_cast<std::size_t>(bins), 0) {
  bin_of_pixel_.reserve(static_cast<std::size_t>(stamp_size_pix) *
                        static_cast<std::size_t>(stamp_size_pix));
  for (int y = 0; y < stamp_size_pix; ++y) {
    for (int x = 0; x < stamp_size_pix; ++x) {
      const double radius = std::hypot(x - x_pix, y - y_pix);
      const int bin = radius < bins ? static_cast<int>(radius) : bins;
      bin_of_pixel_.push_back(bin);
      if (bin < bins) ++pixels_in_bin_[static_cast<std::size_t>(bin)];
    }
  }
}

void RadialBins::profile(ImageView<const float> image, std::span<float> mean) const {
  EXPECT(image.size() == bin_of_pixel_.size());
  EXPECT(mean.size() == pixels_in_bin_.size());
  // One bin more takes the pixels outside all annuli.
  std::vector<double> sums(pixels_in_bin_.size() + 1, 0.0);
  const auto pixels = image.pixels();
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    sums[static_cast<std::size_t>(bin_of_pixel_[k])] += double{pixels[k]};
  }
  for (std::size_t bin = 0; bin < mean.size(); ++bin) {
    mean[bin] = pixels_in_bin_[bin] > 0
                    ? static_cast<float>(sums[bin] / pixels_in_bin_[bin])
                    : std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace lensmill::measure
