#pragma once

#include <string>
#include <vector>

#include "lib/imaging/convolver.hpp"
#include "lib/measure/kernel_checks.hpp"

/// \file
/// The PSF self-test: before every run, each kernel and the operator that will apply it
/// are held to what their stated policy promises. A failure stops the run.

namespace lensmill::measure {

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
  /// What its policy, its file and its closed form say of it.
  KernelPromise promise{};
  /// Whether the kernel's samples contain the pixel's response: always, but for a
  /// kernel convolved as stored (Deposit::pixels, includes_pixel: false).
  bool kernel_includes_pixel = true;
  bool allow_double_pixel = false;
  /// The kernel without its pixel's response, on the same lattice, where there is one
  /// to be had (not for kernels that come with it); no samples = not known.
  psf::LatticeKernel without_pixel{};
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

/// Run the test. First the cheap checks (check_kernel). For the kernel as it is and cut
/// by one row and column (the other parity), on the run's stamp and one of a pixel
/// more: image of a point source (position, sum, second moments) against the kernel's
/// samples, and sparse light against direct convolution (the direct operator: against
/// the FFT). Then how often the pixel's response is in the result (measured where there
/// is a kernel without it, else as stated), the ring's closed form (Gaussians), and the
/// change of the core flux of a ring of the core's radius by the truncation of the
/// kernel (a warning above 1e-3). Variants give rows `core_flux (NAME)`: expected is
/// that ring's core flux with the kernel as it is, measured with the variant. \throws
/// DataError where the operator refuses the kernel (legacy: larger than the stamp)
PsfSelfTestResult run(const PsfSelfTest& test);

/// The table as text, one line per row, for the terminal and the log.
std::string to_text(const PsfSelfTestResult& result);

}  // namespace lensmill::measure
