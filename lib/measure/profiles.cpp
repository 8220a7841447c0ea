#include "lib/measure/profiles.hpp"

#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {

double mean_offset(const ApertureWeights& aperture, ImageView<const float> positive,
                   ImageView<const float> negative, ImageView<const float> mask) {
  EXPECT(mask.size() == 0 || mask.size() == aperture.weight.size());
  double area = 0.0;
  double sum = 0.0;
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    for (int x = aperture.box.x_begin; x < aperture.box.x_end; ++x) {
      if (mask.size() > 0 && mask(y, x) != 0.0F) continue;
      const double weight = aperture.weight(y, x);
      area += weight;
      sum += weight * (double{positive(y, x)} - double{negative(y, x)});
    }
  }
  return area > smallest_area_pix2 ? sum / area
                                   : std::numeric_limits<double>::quiet_NaN();
}

RadialBins::RadialBins(int stamp_size_pix, double x_pix, double y_pix, int bins) {
  const auto n = static_cast<std::size_t>(stamp_size_pix);
  image_size_ = n * n;
  const auto outside = static_cast<std::size_t>(bins);
  std::vector<std::uint32_t> bin_of(image_size_);
  end_.assign(outside, 0);
  for (std::size_t k = 0; k < image_size_; ++k) {
    const std::size_t row = k / n;
    const double radius = std::hypot(static_cast<double>(k % n) - x_pix,
                                     static_cast<double>(row) - y_pix);
    const std::size_t bin = radius < bins ? static_cast<std::size_t>(radius) : outside;
    bin_of[k] = static_cast<std::uint32_t>(bin);
    if (bin < outside) ++end_[bin];
  }
  // From numbers of pixels to ends; the bins are filled from there, last pixel first.
  for (std::size_t bin = 1; bin < outside; ++bin) end_[bin] += end_[bin - 1];
  pixel_.resize(end_.empty() ? 0 : end_.back());
  auto at = end_;
  for (std::size_t k = image_size_; k-- > 0;) {
    if (bin_of[k] < outside) pixel_[--at[bin_of[k]]] = static_cast<std::uint32_t>(k);
  }
}

void RadialBins::profile(ImageView<const float> image, std::span<float> mean,
                         ImageView<const float> mask) const {
  EXPECT(image.size() == image_size_);
  EXPECT(mask.size() == 0 || mask.size() == image.size());
  EXPECT(mean.size() == end_.size());
  const auto pixels = image.pixels();
  const auto hidden = mask.pixels();
  std::size_t k = 0;
  for (std::size_t bin = 0; bin < mean.size(); ++bin) {
    double sum = 0.0;
    std::size_t used = 0;
    if (hidden.empty()) {
      used = end_[bin] - k;
      // Four sums that do not wait for each other.
      double sums[4] = {};
      for (; k + 4 <= end_[bin]; k += 4) {
        for (std::size_t j = 0; j < 4; ++j) sums[j] += double{pixels[pixel_[k + j]]};
      }
      sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
      for (; k < end_[bin]; ++k) sum += double{pixels[pixel_[k]]};
    } else {
      for (; k < end_[bin]; ++k) {
        if (hidden[pixel_[k]] != 0.0F) continue;
        sum += double{pixels[pixel_[k]]};
        ++used;
      }
    }
    mean[bin] = used > 0 ? static_cast<float>(sum / static_cast<double>(used))
                         : std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace lensmill::measure
