#include "lib/measure/profiles.hpp"

#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {

namespace {

double unmasked_offset(const ApertureWeights& aperture, ImageView<const float> positive,
                       ImageView<const float> negative, ImageView<const float> mask) {
  EXPECT(mask.size() == aperture.weight.size());
  double area = 0.0;
  double sum = 0.0;
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    for (int x = aperture.box.x_begin; x < aperture.box.x_end; ++x) {
      if (mask(y, x) != 0.0F) continue;
      const double weight = aperture.weight(y, x);
      area += weight;
      sum += weight * (double{positive(y, x)} - double{negative(y, x)});
    }
  }
  return area > 0.0 ? sum / area : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double mean_offset(const ApertureWeights& aperture, ImageView<const float> positive,
                   ImageView<const float> negative, ImageView<const float> mask) {
  if (mask.size() > 0) return unmasked_offset(aperture, positive, negative, mask);
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

void RadialBins::profile(ImageView<const float> image, std::span<float> mean,
                         ImageView<const float> mask) const {
  EXPECT(image.size() == bin_of_pixel_.size());
  EXPECT(mask.size() == 0 || mask.size() == image.size());
  EXPECT(mean.size() == pixels_in_bin_.size());
  // One bin more takes the pixels outside all annuli.
  std::vector<double> sums(pixels_in_bin_.size() + 1, 0.0);
  std::vector<int> hidden(sums.size(), 0);
  const auto pixels = image.pixels();
  if (mask.size() == 0) {
    for (std::size_t k = 0; k < pixels.size(); ++k) {
      sums[static_cast<std::size_t>(bin_of_pixel_[k])] += double{pixels[k]};
    }
  }
  for (std::size_t k = 0; k < mask.size(); ++k) {
    const auto bin = static_cast<std::size_t>(bin_of_pixel_[k]);
    if (mask.pixels()[k] != 0.0F) {
      ++hidden[bin];
    } else {
      sums[bin] += double{pixels[k]};
    }
  }
  for (std::size_t bin = 0; bin < mean.size(); ++bin) {
    const int used = pixels_in_bin_[bin] - hidden[bin];
    mean[bin] = used > 0 ? static_cast<float>(sums[bin] / used)
                         : std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace lensmill::measure
