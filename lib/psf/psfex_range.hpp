#pragma once

#include "lib/psf/psfex_model.hpp"

/// \file
/// Where a PSFEx model may be asked. PSFEx scales the coordinates so that the stars
/// that the model was fitted on lie within POLZERO +- POLSCAL / 2; beyond them a
/// polynomial is an extrapolation, which grows with its degree's power.

namespace lensmill::psf {

/// Edge of the area of a model's own stars, in its scaled coordinates.
inline constexpr double psfex_fitted_distance = 0.5;
/// Beyond a margin of a tenth of POLSCAL outside that area (stars do not reach a CCD's
/// edge, galaxies may) a model is not used, unless the user says so.
inline constexpr double psfex_usable_distance = 0.6;

/// The larger of |position - POLZERO| / |POLSCAL| over the model's coordinates (1-based
/// CCD pixels); 0 for a model without any. NaN for a position that is not a number.
double psfex_distance(const PsfexModel& model, double x_image, double y_image);

/// Whether a position is outside the model's range: farther than psfex_usable_distance.
/// A constant model (POLDEG1 = 0) is the same everywhere.
bool beyond_psfex_model(const PsfexModel& model, double x_image, double y_image);

}  // namespace lensmill::psf
