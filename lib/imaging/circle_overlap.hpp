#pragma once

namespace lensmill::imaging {

/// Area in pix^2 that the unit pixel centred (dx, dy) from a circle's centre shares
/// with it. Closed form (line integral of the circle clipped to the pixel); exact to
/// rounding.
double circle_pixel_overlap(double dx_pix, double dy_pix, double radius_pix);

}  // namespace lensmill::imaging
