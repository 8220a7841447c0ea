#pragma once

#include <memory>
#include <vector>

#include "pipeline/audit/audit_renderer.hpp"
#include "pipeline/audit/stamp_noise.hpp"

namespace lensmill::pipeline {

/// One per band; null where the noise is white.
using Whitenings = std::vector<std::shared_ptr<const Whitening>>;

/// The line positive = slope * negative + constant through the pixels of a pair that
/// the arc leaves alone: least squares on the half of the pixels that it fits best,
/// until that half stands still (least trimmed squares; Rousseeuw & Van Driessen 2006).
struct PairLine {
  double slope = 1.0, constant = 0.0;
};
PairLine pair_line(std::span<const float> positive, std::span<const float> negative);

/// Of stamps that were normalised one by one: the data in nmgy, by the amplitude of the
/// render that fits better.
void undo_normalisation(std::vector<AuditBand>& bands, AuditRenderer& renderer);

/// The data as fitted in correlated noise.
void whiten(std::vector<AuditBand>& bands, const Whitenings& whitenings);

/// Add what the row's blank pixels say; only of bands with noise that an empty pixel
/// has.
void add_blank_pixels(const std::vector<AuditBand>& bands, AuditRenderer& renderer,
                      std::vector<BlankNoise>& noise);

}  // namespace lensmill::pipeline
