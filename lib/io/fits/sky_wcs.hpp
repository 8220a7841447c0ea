#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/io/fits/image_hdu.hpp"

struct wcsprm;  // WCSLIB's

namespace lensmill::io::fits {

/// A position on the sky, degrees, ICRS.
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
/// and tile-compressed images alike. TAN with SCAMP's PVi_j terms (one with j >= 5) is
/// read as TPV, beside SIP terms they are passed over; galactic axes are turned into
/// ICRS, FK5 J2000 is taken for it (within 0.03 arcsec). Not thread-safe.
class SkyWcs {
 public:
  /// \throws DataError if the header states no usable celestial coordinates; PVi_j
  ///   terms that its projection does not have; FK4, another equinox than J2000 or
  ///   other axes than RA, DEC and GLON, GLAT
  explicit SkyWcs(const ImageHdu& image);
  /// The same from header cards. \param place what they are of, for messages
  SkyWcs(const std::vector<std::string>& cards, std::string place);

  /// \throws DataError where the projection has no sky
  SkyPosition sky_of(const FitsPixel& pixel) const;
  /// Nothing where the sky position does not fall onto the image's plane (e.g. the
  /// other side of the sky) or is not finite.
  std::optional<FitsPixel> pixel_of(const SkyPosition& icrs) const;

 private:
  void parse(std::string header);
  struct Deleter {
    void operator()(wcsprm* all) const noexcept;
  };
  std::unique_ptr<wcsprm, Deleter> wcs_;  ///< never null
  std::string place_;
  bool galactic_ = false;
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
