#pragma once

#include <span>
#include <vector>

#include "lib/core/gauss_legendre.hpp"
#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/kernel_size.hpp"
#include "lib/psf/lattice_kernel.hpp"
#include "lib/psf/psf_function.hpp"

namespace lensmill::psf {

/// How a PSF function is made into a kernel.
struct FunctionKernelOptions {
  KernelSize size;     ///< the PSF is cut to this rectangle, in continuous space
  int oversample = 1;  ///< lattice points per pixel and axis, >= 1
  Normalisation normalisation = Normalisation::unit;
  PixelResponse pixel_response = PixelResponse::apply;
};

/// Buffers of make_lattice_kernel, reused from call to call.
struct FunctionKernelWorkspace {
  AlignedVector<double> x_pix, y_pix, density;
  std::vector<std::span<const GaussNode>> rules;
  Image<double> cells;
  std::vector<double> column_sum;
};

/// Cut `psf` to the rectangle, integrate it over one pixel about each lattice point
/// (Gauss-Legendre, finer towards the core; 1e-6 of the peak sample for a FWHM of 1
/// pixel and more) and sample it on the lattice. With PixelResponse::omit the samples
/// are the cut PSF's density (half of it on the rectangle's edge). Lattice samples per
/// axis: n * oversample + oversample - 1, the reach of a pixel that only partly
/// overlaps the rectangle. Nothing is allocated once the buffers have grown. \throws
/// DataError if the PSF has a non-finite value or no flux in the rectangle.
void make_lattice_kernel(const PsfFunction& psf, const FunctionKernelOptions& options,
                         FunctionKernelWorkspace& workspace, LatticeKernel& kernel);

/// The same with its own buffers.
LatticeKernel make_lattice_kernel(const PsfFunction& psf,
                                  const FunctionKernelOptions& options);

}  // namespace lensmill::psf
