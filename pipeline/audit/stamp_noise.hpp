#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/analysis/audit_fit.hpp"
#include "lib/core/image.hpp"

/// \file
/// What the stamps' own blank pixels say of their noise, and likelihoods in noise that
/// is correlated from pixel to pixel (docs/audit.md, "Noise").

namespace lensmill::pipeline {

/// Greatest lag of a measured correlation function, pixels per axis.
inline constexpr int most_lag_pix = 8;
/// Noise is correlated where one correlation is of this size, and of this many of its
/// standard errors in white noise.
inline constexpr double least_correlation = 0.02;
inline constexpr double least_correlation_sigmas = 5.0;

/// Sums over blank pixels of a band, each over the root of its stated variance and
/// minus its stamp's mean.
class BlankNoise {
 public:
  BlankNoise();
  /// \param light what may be there, nmgy: pixels with more than a tenth of the noise
  ///   within two pixels are not blank
  void add(ImageView<const float> data, ImageView<const float> light,
           const analysis::AuditNoise& noise);

  std::int64_t pixels() const;
  /// Mean square: 1 if the stated variance is right.
  double variance_ratio() const;
  /// [dy + most_lag_pix, dx + most_lag_pix]; nothing where the noise is white.
  std::optional<Image<double>> correlation() const;

 private:
  Image<double> sum_, pairs_;
};

/// A filter that makes noise of a correlation function white: the function of the power
/// spectrum S^(-1/2), lags up to most_lag_pix.
class Whitening {
 public:
  /// \param correlation [dy, dx], 1 in the middle; made positive definite where it is
  /// not \param stamp_size_pix what it is applied to
  Whitening(ImageView<const double> correlation, int stamp_size_pix);

  /// image over the root of the variance, filtered; pixels of infinite variance and
  /// those outside the stamp count as 0.
  Image<float> apply(ImageView<const float> image,
                     const std::vector<double>& variance) const;
  /// Variances of what apply() makes of the noise: 1, but near the edges; infinite
  /// where the pixel is left out.
  std::vector<double> variance(const std::vector<double>& of_pixels) const;
  /// What fills the variance of a pixel up to 1, that of the frequencies that have
  /// power: those without, of which the filter leaves less, must not make the others
  /// count for more.
  double floor_variance() const;

 private:
  Image<double> filter_;
  Image<double> stamp_variance_;
};

}  // namespace lensmill::pipeline
