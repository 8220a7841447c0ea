#pragma once

#include "lib/psf/lattice_kernel.hpp"

/// \file
/// How fine the convolution lattice has to be.

namespace lensmill::psf {

/// Worst error, of the peak, of the deposit's spline (lib/imaging/spline.hpp) through
/// the lattice samples of a pixel-integrated PSF whose FWHM is `fwhm_steps` lattice
/// steps: for a *point* source at the worst offset, the largest of Gaussian and Moffat
/// of beta 2.5, 3.5 and 5 with 1, 2, 4 and 8 lattice points per pixel. Measured against
/// the closed forms in Fourier space:
///
///     steps  2.5     3       3.4     3.8     4.6     5       6       8       10
///     error  2.3e-3  5.0e-4  1.8e-4  9.5e-5  4.0e-5  3.0e-5  1.2e-5  3.4e-6  1.0e-6
///
/// and with the sixth power from there on. Between them interpolated in logarithms. A
/// Moffat of beta 2 errs by 1.5 times as much at 3.4 steps; arcs, which are extended,
/// by less.
double lattice_error(double fwhm_steps);

/// The same error for a kernel that is no such function, measured half-way between its
/// lattice points: the spline through `coarse` against `fine`, the same kernel on a
/// lattice twice as fine; of the peak, at points up to `reach_pix` from the origin on
/// each axis. Edges, which are cut as they were given, are to be left out by it.
double lattice_error_of(const LatticeKernel& coarse, const LatticeKernel& fine,
                        double reach_pix);

}  // namespace lensmill::psf
