#pragma once

#include <array>
#include <optional>
#include <span>

#include "lib/core/image.hpp"
#include "lib/measure/aperture.hpp"

namespace lensmill::measure {

/// Matched-filter SNR sqrt(sum a^2 / V) of each of two known signals a [nmgy] in noise
/// of variance V [nmgy^2], all [y, x]. Pixels whose V is not positive and finite carry
/// no information and are left out; NaN if none remains.
std::array<double, 2> matched_filter_snr(ImageView<const float> one,
                                         ImageView<const float> other,
                                         ImageView<const float> variance);

/// SNR of one signal over all bands, whose noise is independent: the root of the sum of
/// squares. A band without one (NaN: no usable pixel) adds nothing; NaN if none has
/// one.
double total_snr(std::span<const double> by_band);

/// SNR of the flux in an aperture: sum w a / sqrt(sum w^2 V) over pixels of usable V;
/// NaN if the aperture has none.
double aperture_snr(const ApertureWeights& aperture, ImageView<const float> signal,
                    ImageView<const float> variance);

/// One band's part of a target-SNR problem.
struct SnrBand {
  ImageView<const float> unit_arc;       ///< convolved arc for unit scale
  ImageView<const float> base_variance;  ///< without the arc's Poisson term, nmgy^2
  double inverse_gain = 0.0;             ///< nmgy per electron; 0: no arc Poisson noise
};

/// The scale f > 0 of the arc for which sqrt(sum_bands SNR_b(f)^2) = target, where
/// SNR_b(f)^2 = sum f^2 u^2 / (V + f max(u, 0) / gain): strictly increasing in f.
/// Relative accuracy 1e-9. Nothing if no scale in [1e-12, 1e12] reaches the target.
std::optional<double> scale_for_snr(std::span<const SnrBand> bands, double target_snr);

}  // namespace lensmill::measure
