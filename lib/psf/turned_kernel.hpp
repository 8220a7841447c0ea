#pragma once

#include "lib/core/image.hpp"
#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::psf {

/// A turn of the image plane that puts pixels on pixels, as a host cutout is turned:
/// mirrored in x first, then by quarter turns anticlockwise (y upwards).
struct PlaneTurn {
  int quarter_turns = 0;  ///< 0..3
  bool mirrored = false;

  bool is_identity() const { return quarter_turns == 0 && !mirrored; }
  bool operator==(const PlaneTurn&) const = default;
};

/// The kernel as it is on an image that was turned: its samples turned about its
/// origin, exactly. Sum, centroid and origin follow.
void turn_kernel(const LatticeKernel& kernel, const PlaneTurn& turn,
                 LatticeKernel& turned);

/// Whether no turn changes an odd square of samples about its middle by more than
/// `round_tolerance` of the greatest sample.
bool is_turn_invariant(ImageView<const double> samples);
/// Below the single precision that kernels are convolved in.
inline constexpr double round_tolerance = 1.0e-6;

}  // namespace lensmill::psf
