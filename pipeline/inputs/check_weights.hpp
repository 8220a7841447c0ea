#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

/// \file
/// Inverse variances against the noise of the images that they are of.

namespace lensmill::pipeline {

/// One band's noise, as its images' blank pixels have it and as the weights say.
struct WeightCheck {
  double image_sigma_nmgy = 0.0;   ///< local_scatter of blank pixels, median of cutouts
  double weight_sigma_nmgy = 0.0;  ///< 1 / sqrt(median weight) of the same pixels
  double ratio = 0.0;              ///< of the two in each cutout, the median of cutouts
  std::int64_t blank_pixels = 0;
  std::int64_t cutouts = 0;
  bool one_value = true;  ///< all weights but 0 are equal

  /// Fewer say nothing.
  static constexpr std::int64_t fewest_blank_pixels = 200;
  /// Resampling that correlates noise makes it quieter: 0.8 is usual for coadds.
  static constexpr double noticed_factor = 2.0;
  static constexpr double refused_factor = 5.0;
  bool tested() const {
    return blank_pixels >= fewest_blank_pixels && image_sigma_nmgy > 0.0;
  }
  /// Whether the ratio is beyond `factor` either way.
  bool is_off_by(double factor) const { return ratio > factor || ratio < 1.0 / factor; }
};
/// How a weight should have been stated, where its numbers agree with the images' noise
/// (within noticed_factor) as another kind: a sentence's end, e.g. "as `kind: rms` it
/// says 0.02 nmgy, which fits"; else a question.
std::string advice_on(const WeightCheck& check, config::WeightKind stated,
                      double nmgy_per_unit);
/// Of up to 64 cutouts, spread over all. \throws IoError \independent
WeightCheck check_weight(const stages::HostCutouts& hosts, int band);

/// A sentence for each band of which masks hide more than half of the pixels, as one of
/// the other sense does. Of up to 64 cutouts. \throws IoError \independent
std::vector<std::string> check_masks(const config::RunConfig& config,
                                     const stages::HostCutouts& hosts);

/// Hosts without weights: a sentence for each band in which cutouts have more than 1 %
/// pixels that are exactly 0 and not masked, as services fill what was never observed.
/// Of up to 64 cutouts. \throws IoError \independent
std::vector<std::string> check_unobserved(const config::RunConfig& config,
                                          const stages::HostCutouts& hosts);

/// A sentence for each band in which cutouts have one value in more than 0.5 % of the
/// pixels that no weight or mask takes out, far from all others: -999, 1e30,
/// saturation. Of up to 64 cutouts. \throws IoError \independent
std::vector<std::string> check_marked(const config::RunConfig& config,
                                      const stages::HostCutouts& hosts);

/// All bands of real hosts with weights.
/// \return what is to be noticed: a ratio beyond 2, one beyond 5 that is accepted, a
///   band that could not be tested
/// \throws DataError for a ratio beyond 5 that is not accepted; IoError
/// \independent
std::vector<std::string> check_weights(const config::RunConfig& config,
                                       const stages::HostCutouts& hosts);

/// A sentence for each band of `noise.invvar` whose map contains nothing but 0 and 1,
/// as masks do. \throws IoError \independent
std::vector<std::string> check_noise_maps(const config::RunConfig& config,
                                          const stages::InvvarMaps& maps);

}  // namespace lensmill::pipeline
