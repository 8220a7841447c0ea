#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lib/io/fits/image_hdu.hpp"

struct wcsprm;  // WCSLIB's

namespace lensmill::io::fits {

/// A position on the sky, degrees (the image's own frame, usually ICRS).
struct SkyPosition {
  double ra_deg = 0.0;
  double dec_deg = 0.0;
};

/// A position on an image by FITS's count: the first pixel's centre is (1, 1).
struct FitsPixel {
  double x = 0.0;
  double y = 0.0;
};

/// Celestial coordinates of an image's pixels from its header's WCS keywords, by
/// WCSLIB: TAN, TPV, TAN-SIP and whatever else it knows, distortions included; plain
/// and tile-compressed images alike. Not thread-safe.
class SkyWcs {
 public:
  /// \throws DataError if the header states no usable celestial coordinates
  explicit SkyWcs(const ImageHdu& image);

  /// \throws DataError where the projection has no sky
  SkyPosition sky_of(const FitsPixel& pixel) const;
  /// Nothing where the sky position does not fall onto the image's plane (e.g. the
  /// other side of the sky) or is not finite.
  std::optional<FitsPixel> pixel_of(const SkyPosition& sky) const;

 private:
  struct Deleter {
    void operator()(wcsprm* all) const noexcept;
  };
  std::unique_ptr<wcsprm, Deleter> wcs_;  ///< never null
  std::string place_;
};

/// Which way the sky lies on an image, at one of its pixels.
struct SkyAxes {
  double north_rad = 0.0;  ///< direction of increasing declination, from +x towards +y
  bool east_is_anticlockwise = true;  ///< as on the sky with north up and east left
};
/// From steps of a pixel; distortions count. \throws DataError as sky_of
SkyAxes sky_axes(const SkyWcs& wcs, const FitsPixel& pixel);

/// Version of WCSLIB that is linked, for the provenance.
std::string wcslib_version();

}  // namespace lensmill::io::fits
