#pragma once

#include <array>
#include <span>

#include "lib/core/status.hpp"
#include "lib/lens/caustics.hpp"
#include "lib/lens/image_kind.hpp"
#include "lib/lens/lens_model.hpp"

namespace lensmill::lens {

/// One image of a point source; position in arcsec from the lens centre, sky frame.
struct PointImage {
  double x_arcsec = 0.0;
  double y_arcsec = 0.0;
  double magnification = 0.0;  ///< 1/det A, signed
  ImageKind kind = ImageKind::none;
};

/// All images of a point source, the brightest (largest |magnification|) first.
struct PointImages {
  static constexpr int capacity = 16;
  /// ok; unlensed (theta_e_arcsec = 0: one image, that of the shear alone); ring (no
  /// discrete images); image_search when the parity count is not satisfied, in which
  /// case what was found is listed.
  Status status = Status::ok;
  int count = 0;
  std::array<PointImage, capacity> image{};

  std::span<const PointImage> list() const {
    return {image.data(), std::size_t(count)};
  }
  int count_of(ImageKind kind) const;
};

/// Images closer to the singular centre than this, in arcsec, are left out: they are
/// demagnified to nothing.
inline constexpr double least_image_radius_arcsec = 1.0e-5;

/// Images of a point source at `source` (sky frame, arcsec from the lens centre).
///
/// Along one direction of eccentric angle phi the lens equation reads
/// beta = rho m - rho^(2-gamma) a (struct Direction). Its component along m gives
/// rho(phi) (one root for gamma >= 2, an outer and an inner one for gamma < 2), its
/// component across m a function of phi alone, whose zeros are the images: none can be
/// missed that the scan in phi resolves. Each is polished by Newton's iteration in two
/// dimensions, and the set checked by the index theorem (Burke 1981): the sum of the
/// signs of det A is 1 for gamma < 2 (the map is continuous), 1 or 0 outside or inside
/// the cut for gamma = 2, and 0 for gamma > 2 (the point mass-like centre takes the
/// rest). On a caustic the merging images count as one.
PointImages find_point_images(const LensModel& lens, Vector2 source);

/// Where the images of a point source are, and where the source is.
struct PointSource {
  CausticMembership caustics;
  PointImages images;
};
struct PointSourceMemory;
/// Both at once: they need the same table of the lens's directions.
PointSource find_point_source(const LensModel& lens, Vector2 source,
                              PointSourceMemory& memory);
PointSource find_point_source(const LensModel& lens, Vector2 source);

}  // namespace lensmill::lens
