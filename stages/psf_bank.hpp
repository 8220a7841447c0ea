#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/psf/elliptical_psf.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/lattice_kernel.hpp"
#include "lib/psf/turned_kernel.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::stages {

/// How far analytic kernels reach where the configuration states no cut: to where what
/// is left out is a small part of the accuracy contract, which holds against the whole
/// PSF. Beyond, the density times the area of the r < 5 pix core is at most 2 % of
/// core_tolerance (light there brings no more into the core, of the arc's flux), and
/// the density at most 3 % of pixel_tolerance times the peak's.
struct KernelReach {
  double pixel_tolerance = 1.0e-3;
  double core_tolerance = 1.0e-3;
  int largest_half_pix = 64;  ///< farther than this no light and no pixel are apart
};

psf::KernelSize size_by_reach(const psf::EllipticalPsf& psf, const KernelReach& reach);

/// The PSFs of a run: makes the lattice kernel of any row and band by the config's
/// stated policies. Immutable; the stored kernels of short lists are put on the lattice
/// once.
class PsfBank {
 public:
  /// \param oversample lattice points per pixel
  /// \param response apply, or omit for the discrete operation of `convolve.oversample:
  /// 1`
  ///   and for the second kernel of `circle` apertures
  /// \param reach none for the discrete operation, whose kernel is its samples: it is
  ///   cut at 0.998 of the flux if the configuration states no cut, and `unit` scales
  ///   what is left to unit sum, as it does where the configuration states the cut. All
  ///   others are the whole PSF of unit flux but for what lies outside: nothing is
  ///   scaled up for the cut.
  /// \throws DataError for an unusable stored kernel, naming it
  PsfBank(std::vector<config::PsfSection> sections,
          std::shared_ptr<const Inputs> inputs, int oversample,
          psf::PixelResponse response, std::optional<KernelReach> reach = std::nullopt);

  /// Whether every row has the same PSF in this band whatever its injection says.
  bool is_fixed(int band) const;
  /// Full width of a row's analytic PSF along its minor axis; 0 for stored kernels.
  double analytic_fwhm_pix(int band, const catalogue::Injection& injection) const;
  /// The kernel of one row, as on an image that is not turned. \throws DataError if it
  /// is unusable.
  void make(int band, const catalogue::Injection& injection,
            psf::FunctionKernelWorkspace& workspace, psf::LatticeKernel& kernel) const;
  /// How the row's kernel is to be turned to be that of its host's image as it lies on
  /// the stamp; the identity for a kernel that no turn changes.
  psf::PlaneTurn turn_of(int band, const catalogue::Injection& injection) const;

 private:
  /// A function cut and put on the lattice by its section's policy.
  void make_function(const config::PsfSection& section, const psf::EllipticalPsf& psf,
                     psf::FunctionKernelWorkspace& workspace,
                     psf::LatticeKernel& kernel) const;

  std::vector<config::PsfSection> sections_;
  std::shared_ptr<const Inputs> inputs_;
  int oversample_;
  psf::PixelResponse response_;
  std::optional<KernelReach> reach_;
  psf::PixelKernelOptions options_of(std::size_t band) const;

  /// Pixelised kinds, by psf_index; empty for long lists, which are put on the lattice
  /// row by row.
  PerBand<std::vector<psf::LatticeKernel>> stored_;
  PerBand<std::vector<char>> stored_is_round_;  ///< whether no turn changes it
};

/// Full width of the Gaussian with a stored kernel's peak over its sum, in pixels.
double fwhm_of(const psf::PixelKernel& kernel);
/// Full width of a row's PSF in one band: what `convolve.oversample: auto` goes by for
/// analytic kinds; of a list, the sharpest kernel's.
double fwhm_of(const config::PsfSection& section, const PsfInput& input,
               const catalogue::Injection& injection, int band);

}  // namespace lensmill::stages
