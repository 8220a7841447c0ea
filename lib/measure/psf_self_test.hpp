#pragma once

#include <string>
#include <vector>

#include "lib/imaging/convolver.hpp"
#include "lib/psf/kernel_policy.hpp"

/// \file
/// The PSF self-test: before every run, each kernel and the operator that will apply it
/// are held to what their stated policy promises. A failure stops the run.

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

/// The same PSF by another policy, to say what the choice is worth.
struct PsfVariant {
  std::string name;  ///< e.g. `normalisation: keep`
  psf::LatticeKernel kernel;
};

/// Above this change of core flux the truncation of the kernel is warned of.
inline constexpr double truncation_warning = 1.0e-3;

/// What is tested: one kernel, as the run will use it, and the operator.
struct PsfSelfTest {
  std::string label;  ///< e.g. `r: moffat, fwhm_pix 5.15 (median)`
  imaging::ConvolutionOperator op = imaging::ConvolutionOperator::fft;
  imaging::Lattice lattice;
  imaging::Deposit deposit = imaging::Deposit::spline;
  psf::LatticeKernel kernel;
  psf::Normalisation normalisation = psf::Normalisation::unit;
  psf::Centring centring = psf::Centring::keep;
  /// Whether the kernel's samples contain the pixel's response: always, but for a
  /// kernel convolved as stored (Deposit::pixels, includes_pixel: false).
  bool kernel_includes_pixel = true;
  bool allow_double_pixel = false;
  /// Circular Gaussian PSFs: sigma, for the ring's closed form; 0 = another PSF.
  double gaussian_sigma_pix = 0.0;
  /// Analytic PSFs: the same PSF in a far larger rectangle, on the same lattice, to
  /// tell what truncation does to core flux; no samples = not known.
  psf::LatticeKernel untruncated{};
  /// Core flux by other policies, as informational rows.
  std::vector<PsfVariant> variants{};
  /// Of the aperture that the rings are measured in; cut down where it and its rings
  /// would not fit the stamp.
  double core_radius_pix = 5.0;
};

struct PsfSelfTestResult {
  std::string label;
  std::vector<PsfTestRow> rows;
  /// Every row passed or is a warning only.
  bool passed() const;
};

/// Run the test. For the kernel as it is and cut by one row and column (the other
/// parity), on the run's stamp and one of a pixel more: image of a point source
/// (position, sum, second moments) against the kernel's samples, and sparse light
/// against direct convolution. Then the policy's sum and centroid, how often the
/// pixel's response is in the result, the ring's closed form (Gaussians), and the
/// change of the core flux of a ring of the core's radius by the truncation of the
/// kernel (a warning above 1e-3). Variants give rows `core_flux (NAME)`: expected is
/// that ring's core flux with the kernel as it is, measured with the variant. \throws
/// DataError where the operator refuses the kernel (legacy: larger than the stamp)
PsfSelfTestResult run(const PsfSelfTest& test);

/// The table as text, one line per row, for the terminal and the log.
std::string to_text(const PsfSelfTestResult& result);

}  // namespace lensmill::measure
