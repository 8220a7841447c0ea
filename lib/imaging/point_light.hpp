#pragma once

#include "lib/imaging/planes.hpp"
#include "lib/imaging/render_config.hpp"
#include "lib/imaging/spline_deposit.hpp"
#include "lib/lens/image_kind.hpp"

namespace lensmill::imaging {

/// One image of a point source: light without extent.
struct PointLight {
  double x_pix = 0.0;  ///< stamp coordinates
  double y_pix = 0.0;
  double flux = 0.0;  ///< for unit source flux: |magnification|
  lens::ImageKind kind = lens::ImageKind::minimum;
};

/// Times `factor`, all light of an arc. Error estimates are relative, and stay.
void scale_light(double factor, ArcPlanes& planes);

/// Centre of the core apertures, stamp coordinates.
struct CoreCentre {
  double x_pix = 0.0;
  double y_pix = 0.0;
};

/// Adds one point to an arc: to the pixel and the discs that it lies in, and to the
/// lattice where it is, as far as stamp and margin go; to the total as far as 3 x 3
/// stamps go.
void add_point(const RenderConfig& config, const SplineDeposit& spline,
               const CoreCentre& core, const PointLight& point, ArcPlanes& planes);

}  // namespace lensmill::imaging
