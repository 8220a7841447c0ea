#pragma once

#include <optional>
#include <span>

#include "lib/core/image.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "lib/measure/aperture.hpp"

/// \file
/// SNRs with the noise's covariance
///   C = D^(1/2) R D^(1/2) + P
/// over a stamp: R the correlations of the sky noise, D its variance per pixel, P the
/// variance per pixel of white noise besides (Poisson noise of sources). Pixels whose
/// total variance is not positive and finite carry no information and are left out.

namespace lensmill::measure {

/// One band's covariance; images [y, x] over the stamp, nmgy^2.
struct NoiseCovariance {
  const imaging::CorrelatedNoise& correlated;
  ImageView<const float> correlated_variance;  ///< D
  ImageView<const float> white_variance;       ///< P
};

/// Buffers of one rank, reused.
struct CovarianceWorkspace {
  imaging::ConvolverWorkspace transforms;
  Image<double> share;  ///< sqrt(D / (D + P))
  Image<double> residual, direction, product;
};

/// Matched-filter SNR sqrt(a^T C^-1 a) of a known signal a [nmgy]: what the best linear
/// estimate of its amplitude has. By conjugate gradients on the scaled matrix
/// V^(-1/2) C V^(-1/2), V = D + P, to 1e-3 (never above the exact number but by
/// rounding); NaN if no pixel is usable.
double matched_filter_snr(ImageView<const float> signal,
                          const NoiseCovariance& covariance,
                          CovarianceWorkspace& workspace);

/// SNR of the flux in an aperture: w^T a / sqrt(w^T C w).
double aperture_snr(const ApertureWeights& aperture, ImageView<const float> signal,
                    const NoiseCovariance& covariance, CovarianceWorkspace& workspace);

/// One band's part of a target-SNR problem.
struct CorrelatedSnrBand {
  ImageView<const float> unit_arc;  ///< convolved arc for unit scale
  NoiseCovariance covariance;       ///< without the arc's Poisson term
  double inverse_gain = 0.0;        ///< nmgy per electron; 0: no arc Poisson noise
};

/// The scale f > 0 of the arc for which sqrt(sum_bands SNR_b(f)^2) = target, where
/// SNR_b(f)^2 = f^2 u^T (C + f max(u, 0) / gain)^-1 u. Relative accuracy 1e-3 in the
/// SNR. Nothing if no scale in [1e-12, 1e12] reaches the target.
std::optional<double> scale_for_snr(std::span<const CorrelatedSnrBand> bands,
                                    double target_snr, CovarianceWorkspace& workspace);

}  // namespace lensmill::measure
