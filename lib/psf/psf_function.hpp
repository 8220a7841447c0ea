#pragma once

#include <memory>
#include <span>

namespace lensmill::psf {

/// A PSF as a function of continuous position, in pixels, of unit integral over the
/// plane (per pix^2, pixel response *not* included). Oracle and user PSFs implement
/// this.
class PsfFunction {
 public:
  virtual ~PsfFunction() = default;
  /// Density at many offsets from the PSF's origin: x, y in pixels; out in 1/pix^2.
  virtual void evaluate(std::span<const double> x_pix, std::span<const double> y_pix,
                        std::span<double> density) const = 0;
  /// Full width at half maximum of the sharpest component's minor axis, in pixels: sets
  /// the lattice that `convolve.oversample: auto` chooses.
  virtual double sharpest_fwhm_pix() const = 0;
  /// Whether density(x, y) = density(-x, y) = density(x, -y) = density(y, x).
  virtual bool eightfold_symmetric() const { return false; }
};

}  // namespace lensmill::psf
