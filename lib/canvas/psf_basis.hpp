#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/lattice_kernel.hpp"
#include "lib/psf/psfex_basis.hpp"

namespace lensmill::canvas {

/// The PSF of a field as a sum of kernels: light at image position (x, y) meets the sum
/// over terms of weight(term, x, y) kernel(term). The position is the light's own, so
/// that the sum over all light is exact for a PSF that varies with where light comes
/// from: the weight leaves the convolution's integral over sources with the light, the
/// kernel depends on the offset alone. (Weights at the output's position would blend
/// kernels of light that came from elsewhere; a star would have another shape on its
/// left than on its right.)
class PsfBasis {
 public:
  /// One kernel everywhere, of weight 1.
  explicit PsfBasis(psf::LatticeKernel kernel);
  /// A PSFEx model's polynomial. Normalisation::unit divides the weights by the sum of
  /// the local kernel, which is linear in the terms too, so that this is exact as well.
  /// \param first_pixel CCD position, from 1, of the image's first pixel (0, 0)
  /// \throws DataError as psf::check, or for more terms than largest_basis
  PsfBasis(psf::PsfexModel model, int oversample, psf::Normalisation normalisation,
           std::array<double, 2> first_pixel);

  /// One of several kernels by a map of the image, [y, x]: of light at a position, the
  /// one that the nearest pixel names. Indices below 0 or beyond the kernels are holes;
  /// light in one has the kernel of the nearest pixel of its row that names one (of the
  /// nearest row that has any).
  /// \pre some pixel names a kernel
  PsfBasis(std::vector<psf::LatticeKernel> kernels, Image<std::int16_t> map);

  static constexpr std::size_t largest_basis = 64;

  std::size_t terms() const { return kernels_.size(); }
  bool varies() const { return model_.has_value() || map_.size() > 0; }
  /// Whether weights have slopes: a map's jump instead.
  bool is_smooth() const { return map_.size() == 0; }
  const psf::LatticeKernel& kernel(std::size_t term) const { return kernels_[term]; }
  double weight(std::size_t term, double x_pix, double y_pix) const;
  /// The farthest sample from the origin, lattice points along x or y.
  int reach() const;

 private:
  std::vector<psf::LatticeKernel> kernels_;
  std::optional<psf::PsfexModel> model_;
  psf::Normalisation normalisation_ = psf::Normalisation::keep;
  std::array<double, 2> first_pixel_{};
  Image<std::int16_t> map_;
};

}  // namespace lensmill::canvas
