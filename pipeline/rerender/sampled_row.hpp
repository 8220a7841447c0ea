#pragma once

#include <cstdint>

#include "lib/catalogue/injection.hpp"

namespace lensmill::pipeline {

/// Stored pixels that differ from their rendering by more than this part of the noise
/// are named: above what int16 encoding and another build can do.
inline constexpr double stored_tolerance_sigma = 0.05;
inline bool differs_from_stored(double deviation_sigma) {
  return deviation_sigma > stored_tolerance_sigma;
}

/// What the classifiers know of a sampled row besides its pixels; the same for all
/// variants.
struct SampledRow {
  std::int64_t row = 0;
  std::int64_t injection_id = 0;
  std::int64_t host = 0;
  catalogue::Split split = catalogue::Split::train;
  double counter_image_snr = 0.0;
  double theta_e_arcsec = 0.0;
  double arc_snr = 0.0;  ///< `arc_snr_total` of the row as it is probed
  double stored_deviation = 0.0;
  bool stored_is_legacy = false;  ///< its stamp is the legacy operator's render
};

}  // namespace lensmill::pipeline
