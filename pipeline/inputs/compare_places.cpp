#include "pipeline/inputs/compare_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "pipeline/inputs/image_claims.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::FitsPixel;
using io::fits::ImageHdu;
using io::fits::SkyWcs;

std::optional<SkyWcs> wcs_of(const ImageHdu& hdu) {
  if (!wcs_scale_arcsec(hdu)) return std::nullopt;
  try {
    return SkyWcs(hdu);
  } catch (const DataError&) {
    return std::nullopt;  // it cannot be compared
  }
}

}  // namespace

std::string misplaced(const ImageHdu& image, const ImageHdu& other) {
  const auto wcs = wcs_of(image);
  const auto theirs = wcs_of(other);
  if (!wcs || !theirs) return "";
  const auto nx = static_cast<double>(image.nx());
  const auto ny = static_cast<double>(image.ny());
  double worst = 0.0;
  // A transposed image has two of its corners in their places.
  for (const auto& corner : {FitsPixel{1.0, 1.0}, {nx, 1.0}, {1.0, ny}, {nx, ny}}) {
    const auto there = theirs->pixel_of(wcs->sky_of(corner));
    worst = std::max(worst, there ? std::hypot(there->x - corner.x, there->y - corner.y)
                                  : std::hypot(nx, ny));
  }
  // NaN: a corner without sky.
  if (!(worst > most_misaligned_pix)) return "";
  return fmt::format("{}: by its WCS it lies {:.1f} pix from {}", other.place(), worst,
                     image.place());
}

}  // namespace lensmill::pipeline
