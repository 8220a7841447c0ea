#pragma once

#include <span>
#include <vector>

#include "lib/psf/psfex_model.hpp"

/// \file
/// A PSFEx model taken apart: at any position its kernel is the sum of basis images
/// times monomials. What is linear in the images (here: putting them on the lattice)
/// may be done to each of them once.

namespace lensmill::psf {

/// The monomials in the scaled CCD position, in PSFEx's order (poly.c): the first
/// variable's power runs fastest, 1, x, x^2, y, x y, y^2. Allocates nothing.
/// \pre check(model) has passed; out has as many elements as the model basis images
void polynomial_terms(const PsfexModel& model, double x_image, double y_image,
                      std::span<double> out);

/// The basis images on the convolution lattice: the sum of `polynomial_terms` times
/// them is lattice_kernel_at(model, x, y, {oversample, Normalisation::keep,
/// Centring::keep}). Members `sum` are those of the samples over oversample^2 and may
/// be zero; centroids are not set. \throws DataError as check(model)
std::vector<LatticeKernel> lattice_basis(const PsfexModel& model, int oversample);

}  // namespace lensmill::psf
