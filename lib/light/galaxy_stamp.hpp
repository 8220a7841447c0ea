#pragma once

#include <string_view>

#include "lib/core/image.hpp"

/// \file
/// What is done to a galaxy's image before it is a source, in pixels of that image: its
/// surroundings taken away without an edge, and its flux, size and shape measured.

namespace lensmill::light {

enum class GalaxyBackground {
  none,    ///< the image is background-subtracted as it comes
  border,  ///< the median of the image's border (8 % of the shorter side) is taken off
};

struct GalaxyCleaning {
  GalaxyBackground background = GalaxyBackground::none;
  /// The galaxy is what lies above this many standard deviations of the noise, both
  /// after smoothing with a Gaussian of sigma 2 pixels, > 0.
  double segment_sigma = 2.0;
  /// The light itself is smoothed with a Gaussian of this FWHM; 0: left as it is.
  double smoothing_fwhm_pix = 0.0;
};

/// A galaxy alone.
struct CleanGalaxy {
  /// [y, x], the rectangle of the image that has light of the galaxy; around it is
  /// none.
  Image<double> light;
  int first_x_pix = 0;  ///< of the rectangle, in the image
  int first_y_pix = 0;
  double flux = 0.0;             ///< sum of `light`, units of the image
  double background = 0.0;       ///< taken off
  double noise_sigma = 0.0;      ///< per pixel, of the border (1.4826 MAD)
  double flux_kept_share = 1.0;  ///< flux over that of the whole image
  /// Why the image cannot be used (then `light` is empty), or "": too small, a pixel
  /// that is not finite, no galaxy above the noise, no light in it.
  std::string_view problem;
  bool usable() const { return problem.empty(); }
};

/// The galaxy at the image's centre: the connected region above the threshold about the
/// brightest pixel of the central half, holes filled, grown by 3 pixels, weighted 1
/// there and from there on falling like a cosine to 0 over 6 pixels; likewise to 0 over
/// the 6 pixels before the image's border. Weights, not noise, end the light: no edge
/// of the stamp is left.
CleanGalaxy clean_galaxy(ImageView<const float> image, const GalaxyCleaning& cleaning);

/// Size and shape of a galaxy, in pixels of CleanGalaxy::light.
struct GalaxyShape {
  double centroid_x_pix = 0.0;  ///< of the flux
  double centroid_y_pix = 0.0;
  double q = 1.0;        ///< axis ratio of the flux's second moments, [0.05, 1]
  double phi_rad = 0.0;  ///< their major axis from +x towards +y, (-pi/2, pi/2]
  /// Circularised half-light radius sqrt(ab): of the ellipse of that shape about the
  /// centroid which holds half of the flux.
  double reff_pix = 0.0;
};

/// Measured on the quintic spline through the light, 4 x 4 points per pixel. Moments
/// that are no ellipse's (noise) count as round.
/// \param light of a usable CleanGalaxy
GalaxyShape measure_galaxy(ImageView<const double> light);

}  // namespace lensmill::light
