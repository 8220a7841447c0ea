#pragma once

#include <array>
#include <span>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/psf/lattice_kernel.hpp"

namespace lensmill::imaging {

/// What PSFs bring in from afar, at most: the envelope of their kernels.
class PsfWings {
 public:
  /// Boxes, in pixels, over which light is summed to find out how bright an arc is.
  static constexpr std::array<int, 4> boxes_pix{1, 3, 5, 7};

  /// Back to no kernel, in the memory that there is.
  void clear();
  /// Widen the envelope to this kernel.
  void add(const psf::LatticeKernel& kernel);

  /// Farther apart than this along x or y, no light and no pixel act on each other.
  int reach_pix() const { return reach_pix_; }
  /// Bound on the share of light at distances from `near_pix` to `near_pix +
  /// depth_pix`, evenly bright, that falls into one pixel.
  double mean_share(double near_pix, double depth_pix) const;
  /// Bound on the share of light at this distance and beyond that falls into one pixel.
  double share_beyond(double distance_pix) const;
  /// Bound from below on the share of light anywhere in a box (index of boxes_pix) that
  /// falls into the pixel at its centre.
  double least_share_of_box(std::size_t box) const { return of_box_[box]; }

 private:
  /// share_[d]: largest |share| at distances of d pixels and more; falls.
  std::vector<double> share_;
  std::vector<double> sum_;  ///< of share_ below d
  int reach_pix_ = 0;
  std::array<double, boxes_pix.size()> of_box_{};
  std::vector<double> largest_;  ///< of use while a kernel is added
};

/// Errors that light outside the stamp and its margin makes, for unit source flux.
struct LeftOut {
  double pixel_flux = 0.0;  ///< bound on what it would add to any pixel of the stamp
  double core_flux = 0.0;   ///< bound on what it would add to the core aperture
};

/// The core aperture, stamp coordinates.
struct CoreDisc {
  double x_pix = 0.0;
  double y_pix = 0.0;
  double radius_pix = 5.0;
};

/// How much of the light of `cells`, outside the stamp, a margin leaves out. Each
/// pixel's share is bounded by the wings at the least distance from some of 36 segments
/// of the stamp's border to the cells, less their part inside the margin; first by the
/// least distance from any pixel, which is taken if it says `enough_flux` or less.
LeftOut light_left_out(std::span<const OutsideCell> cells, const PsfWings& wings,
                       int stamp_size_pix, int margin_pix, const CoreDisc& core,
                       double enough_flux);

/// Bounds from below on an arc after the PSF, for unit source flux.
struct LeastLight {
  double peak_flux = 0.0;  ///< of its brightest pixel
  double core_flux = 0.0;  ///< of the pixels whose centres lie in the core
};

/// Each pixel gets of all the light in some box about it at least the least share that
/// the PSF leaves it. \param workspace of use inside
LeastLight least_light(const ArcPlanes& planes, const PsfWings& wings,
                       int stamp_size_pix, const CoreDisc& core,
                       Image<double>& workspace);

}  // namespace lensmill::imaging
