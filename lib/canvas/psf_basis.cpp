#include "lib/canvas/psf_basis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/psf/kernel_moments.hpp"

namespace lensmill::canvas {

PsfBasis::PsfBasis(psf::LatticeKernel kernel) { kernels_.push_back(std::move(kernel)); }

PsfBasis::PsfBasis(psf::PsfexModel model, int oversample,
                   psf::Normalisation normalisation, std::array<double, 2> first_pixel)
    : kernels_(psf::lattice_basis(model, oversample)),
      model_(std::move(model)),
      normalisation_(normalisation),
      first_pixel_(first_pixel) {
  if (kernels_.size() > largest_basis) {
    throw DataError(fmt::format("PSFEx model {}: {} basis images are more than {}",
                                model_->name, kernels_.size(), largest_basis));
  }
}

double PsfBasis::weight(std::size_t term, double x_pix, double y_pix) const {
  if (!model_) return 1.0;
  std::array<double, largest_basis> terms;
  const auto used = std::span(terms).first(kernels_.size());
  psf::polynomial_terms(*model_, first_pixel_[0] + x_pix, first_pixel_[1] + y_pix,
                        used);
  if (normalisation_ == psf::Normalisation::keep) return used[term];
  double sum = 0.0;
  for (std::size_t k = 0; k < used.size(); ++k) sum += used[k] * kernels_[k].sum;
  return used[term] / sum;
}

psf::LatticeKernel PsfBasis::at(double x_pix, double y_pix) const {
  psf::LatticeKernel local = kernels_[0];
  if (!model_) return local;
  std::ranges::fill(local.samples.pixels(), 0.0);
  for (std::size_t k = 0; k < kernels_.size(); ++k) {
    const double share = weight(k, x_pix, y_pix);
    const auto from = kernels_[k].samples.pixels();
    const auto to = local.samples.pixels();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += share * from[i];
  }
  psf::record_moments(local);
  return local;
}

int PsfBasis::reach() const {
  int reach = 0;
  for (const auto& kernel : kernels_) {
    reach = std::max({reach, kernel.origin_y, kernel.origin_x,
                      kernel.samples.ny() - 1 - kernel.origin_y,
                      kernel.samples.nx() - 1 - kernel.origin_x});
  }
  return reach;
}

}  // namespace lensmill::canvas
