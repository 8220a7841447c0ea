#pragma once

#include <array>

#include "lib/core/image.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/lens/image_kind.hpp"
#include "lib/measure/aperture.hpp"

/// \file
/// The exact additive split of core flux by image kind and by intrinsic or
/// PSF-transported light (docs/physics.md, "The split"), by adjoint apertures.
///
/// Notation: K kernel, S its sum, w aperture weights, w~ = w correlated with K, I_k
/// light of kind k before the PSF (for unit source flux), F flux of the convolved arc
/// in the stamp: intrinsic_k = S (w . I_k) / F, psf_k = ((w~ . I_k) - S (w . I_k)) / F.

namespace lensmill::measure {

/// One value per image kind; index with lens::kind_index.
using KindValues = std::array<double, lens::kind_count>;
inline double total(const KindValues& values) {
  return values[0] + values[1] + values[2];
}

/// w . I_k on the pixel planes: `pixel_overlap` and `pixel_centre`. For `circle` the
/// renderer sums its samples inside the disc instead (ArcPlanes::disc_flux).
KindValues intrinsic_sums(const ApertureWeights& aperture,
                          const imaging::ArcPlanes& arc, int margin_pix);

/// Core flux fraction and its split; NaN throughout when the denominator is not
/// positive.
struct CoreLeakage {
  double fraction;  ///< sum of the six terms below
  KindValues intrinsic;
  KindValues psf;
};
/// \param intrinsic     w . I_k
/// \param adjoint       w~ . I_k (imaging::Convolver::adjoint_fluxes)
/// \param kernel_sum    S
/// \param convolved_flux F, in the same units (for unit source flux)
CoreLeakage split_core_flux(const KindValues& intrinsic, const KindValues& adjoint,
                            double kernel_sum, double convolved_flux);

/// The fraction before the PSF, by kind, over its own denominator.
struct CoreFractionWithoutPsf {
  double fraction;
  KindValues by_kind;
};
CoreFractionWithoutPsf core_fraction_without_psf(const KindValues& intrinsic,
                                                 const KindValues& stamp);

}  // namespace lensmill::measure
