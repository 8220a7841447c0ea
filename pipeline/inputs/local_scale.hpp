#pragma once

#include <optional>

#include "lib/io/fits/sky_wcs.hpp"

namespace lensmill::pipeline {

inline constexpr double arcsec_per_deg = 3600.0;

/// What a pixel is on the sky, arcsec.
struct LocalScale {
  double mean = 0.0;  ///< root of its area
  double least = 0.0;
  double largest = 0.0;
};

/// How far a host's pixels may be from the grid's: their mean scale, and any one
/// direction.
inline constexpr double largest_scale_mismatch = 0.01;
inline constexpr double largest_stretch = 0.02;

/// By the Jacobian of the coordinates at a pixel, distortion included; nothing where
/// the pixel has no sky.
std::optional<LocalScale> local_scale(const io::fits::SkyWcs& wcs,
                                      const io::fits::FitsPixel& pixel);

}  // namespace lensmill::pipeline
