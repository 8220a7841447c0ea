#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/measure/aperture.hpp"

namespace lensmill::measure {

/// Mean of positive - negative over the aperture in nmgy per pixel: sum w (p - n) / sum
/// w; NaN if no part of the aperture lies in the image and is not masked. Pixels where
/// `mask` (if not empty) is not 0 are left out, whatever their values.
double mean_offset(const ApertureWeights& aperture, ImageView<const float> positive,
                   ImageView<const float> negative, ImageView<const float> mask = {});

/// Radial profiles in annuli [b, b+1) pix about a centre, pixels counted by their
/// centre. Built once per centre, applied to any number of images.
class RadialBins {
 public:
  RadialBins() = default;
  RadialBins(int stamp_size_pix, double x_pix, double y_pix, int bins);

  int bins() const { return static_cast<int>(end_.size()); }
  /// Mean pixel value per annulus; NaN for an annulus without pixels. Pixels where
  /// `mask` (if not empty) is not 0 are left out.
  void profile(ImageView<const float> image, std::span<float> mean,
               ImageView<const float> mask = {}) const;

 private:
  std::vector<std::uint32_t> pixel_;  ///< of all annuli, innermost first
  std::vector<std::size_t> end_;      ///< of each annulus in `pixel_`
  std::size_t image_size_ = 0;        ///< pixels of an image
};

}  // namespace lensmill::measure
