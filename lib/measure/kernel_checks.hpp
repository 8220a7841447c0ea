#pragma once

#include <limits>
#include <string>
#include <vector>

#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/lattice_kernel.hpp"

/// \file
/// The cheap checks of the PSF self-test, made on every kernel: sum, first moments and
/// the place of the core, measured on the samples that the run will use and held to
/// what is known from elsewhere (the policy, the file, the closed form), never to the
/// kernel's own record of itself.

namespace lensmill::measure {

/// One line of the PSF self-test's table.
struct PsfTestRow {
  std::string name;  ///< what was checked, with its unit, e.g. `impulse_x_pix`
  double expected = 0.0;
  double measured = 0.0;
  double tolerance = 0.0;  ///< passed = |measured - expected| <= tolerance
  bool passed = false;
  bool warning_only = false;   ///< a miss is a warning, not a failure
  bool informational = false;  ///< says what something is worth; cannot miss
};

PsfTestRow make_row(std::string name, double expected, double measured,
                    double tolerance);

/// Whether a row stops the run, and whether it is to be looked at.
inline bool failed(const PsfTestRow& row) { return !row.passed && !row.warning_only; }
inline bool warned(const PsfTestRow& row) { return !row.passed && row.warning_only; }

/// A kernel's core farther from its origin than this is warned of; from
/// misplaced_core_pix on it fails.
inline constexpr double moved_core_pix = 0.1;
inline constexpr double misplaced_core_pix = 0.5;
/// PSFEx models move over the CCD by nature: they fail beyond this, without a warning.
inline constexpr double misplaced_psfex_pix = 1.0;
/// `keep`: a star of unit flux that gets another flux than 1 by more than this is
/// warned of. PSFEx models differ by up to 4 % over a CCD.
inline constexpr double noticed_flux_change = 0.1;

/// What a kernel must be, known from elsewhere than the kernel.
struct KernelPromise {
  psf::Normalisation normalisation = psf::Normalisation::unit;
  psf::Centring centring = psf::Centring::keep;
  /// normalisation: keep: the sum that the file or the closed form states; NaN: not
  /// known.
  double kept_sum = std::numeric_limits<double>::quiet_NaN();
  double kept_sum_tolerance = 1.0e-6;
  /// centring: keep: first moments about the origin as stored; NaN: not known.
  double kept_x_pix = std::numeric_limits<double>::quiet_NaN();
  double kept_y_pix = std::numeric_limits<double>::quiet_NaN();
  double kept_centroid_tolerance_pix = 1.0e-3;
  double moved_pix = moved_core_pix;
  double misplaced_pix = misplaced_core_pix;
  /// Offsets up to this are meant (`accept_offset_pix`): a warning, not a failure.
  double accepted_pix = 0.0;
};

/// The checks of one kernel. \throws nothing: what cannot be measured fails
std::vector<PsfTestRow> check_kernel(const psf::LatticeKernel& kernel,
                                     const KernelPromise& promise);

/// How often the pixel's response is in `with_pixel`, by its transfer function against
/// that of the same kernel without: along x and y together, at 0.2 cycles per pixel or,
/// of broad PSFs, where a tenth is left.
double measured_pixel_responses(const psf::LatticeKernel& with_pixel,
                                const psf::LatticeKernel& without_pixel);

}  // namespace lensmill::measure
