#pragma once

#include <optional>
#include <string_view>

#include "lib/psf/psfex_model.hpp"

/// \file
/// Wings beyond a PSFEx model's raster, as the Legacy Surveys put them on since DR9
/// (legacysurvey.org/dr9/psf; legacypipe's modify_psfex_profiles.py). That page prints
/// the Moffat profile with a misplaced bracket, [1 + r/alpha^2]; the survey's own code
/// has [1 + (r/alpha)^2], as here. With it the profile integrates to one.

namespace lensmill::psf {

/// Surface brightness far from a star of unit flux, per arcsec^2: power_law / r^2 plus
/// a Moffat profile of that weight. r in arcsec.
struct OuterWings {
  double power_law = 0.0;
  double moffat_weight = 0.0;
  double moffat_alpha_arcsec = 1.0;
  double moffat_beta = 2.0;

  double brightness(double radius_arcsec) const;
};

/// DR9's wings of DECam in band g, r, i or z; `compact`: z of the CCDs N20, S8, S10,
/// S18, S21 and S27, whose wings are others. Nothing for a band without them.
std::optional<OuterWings> legacysurvey_dr9_wings(std::string_view band, bool compact);

/// Unit Moffat profile (beta-1)/(pi alpha^2) [1 + (r/alpha)^2]^-beta, per arcsec^2.
double moffat_brightness(double radius_arcsec, double alpha_arcsec, double beta);

/// A fit of the unit Moffat profile, beta > 1.8 as in DR9.
struct MoffatFit {
  double alpha_arcsec = 0.0;
  double beta = 0.0;
};

/// Fit the model's constant image, normalised to unit sum, between 1.8 and 5 arcsec
/// from the middle of its raster: least squares, pixels weighted alike.
/// \throws DataError naming the model if it has no pixels there or the fit fails
MoffatFit fit_moffat(const PsfexModel& model, double pixel_scale_arcsec);

/// The model with wings, on a raster that reaches `reach_pix` image pixels from its
/// origin. Constant image: as it is within 5 arcsec, from 6 arcsec on the fitted Moffat
/// profile plus the wings, crossed over linearly between. The other images fade to zero
/// between 5 and 6 arcsec. (DR9 also fades all to zero between 7 and 8 arcsec, where
/// its separate halo model takes over; here the profile goes on instead.) The sum grows
/// by what lies outside the old raster; the policy of normalisation acts after that.
/// \throws DataError as fit_moffat, or if the raster ends within 5 arcsec of the middle
PsfexModel with_outer_wings(const PsfexModel& model, const OuterWings& wings,
                            double pixel_scale_arcsec, double reach_pix);

}  // namespace lensmill::psf
