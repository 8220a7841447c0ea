#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/core/image.hpp"
#include "lib/imaging/colour_picture.hpp"
#include "lib/imaging/noise_measurement.hpp"

/// \file
/// `lensmill noise-model`: the noise of an image, measured from its blank pixels, as
/// `noise.correlation` takes it.

namespace lensmill::pipeline {

struct NoiseModelRequest {
  std::string image;                  ///< FITS, plain or tile-compressed
  std::optional<int> hdu;             ///< from 0 = primary; none: the first image
  std::optional<std::string> invvar;  ///< the same shape; the same HDU, or its first
  int max_lag_pix = 8;
};

/// What was measured. Numbers per pixel are in the image's unit.
struct NoiseModel {
  NoiseModelRequest request;
  std::string image_sha256, invvar_sha256;
  int hdu = 0;
  std::string unit;  ///< BUNIT, or ""
  int cell_pix = 0;
  Image<float> pixels;
  Image<std::uint8_t> usable;  ///< finite, not exactly 0, positive inverse variance
  Image<std::uint8_t> blank;   ///< of these, those without sources
  imaging::Scatter sigma;
  imaging::CorrelationMeasurement measured;
  /// Measured variance of image * sqrt(invvar), and the same from the MAD.
  std::optional<double> variance_times_invvar, variance_times_invvar_mad;
  Image<double> lags;  ///< positive definite: what a run takes

  std::int64_t usable_pixels() const;
  std::int64_t blank_pixels() const;
  /// The most that a correlation was changed to make them positive definite.
  double largest_change() const;
};

/// Measure. Some 25 bytes of memory per pixel. \throws IoError, DataError. \independent
NoiseModel measure_noise_model(const NoiseModelRequest& request);

/// The file that `noise.correlation.<band>` names.
std::string noise_model_yaml(const NoiseModel& model);
/// What is printed.
std::string noise_model_text(const NoiseModel& model);
/// The image in grey with sources in orange and unusable pixels in blue; the
/// correlation function in red (positive) and blue (negative).
imaging::Picture noise_model_picture(const NoiseModel& model);

}  // namespace lensmill::pipeline
