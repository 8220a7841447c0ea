#pragma once

#include <memory>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/lattice_kernel.hpp"
#include "lib/psf/turned_kernel.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::stages {

/// The PSFs of a run: makes the lattice kernel of any row and band by the config's
/// stated policies. Immutable; stored kernels are put on the lattice once.
class PsfBank {
 public:
  /// \param oversample lattice points per pixel
  /// \param response apply, or omit for the discrete operation of `convolve.oversample:
  /// 1`
  ///   and for the second kernel of `circle` apertures
  /// \throws DataError for an unusable stored kernel, naming it
  PsfBank(std::vector<config::PsfSection> sections,
          std::shared_ptr<const Inputs> inputs, int oversample,
          psf::PixelResponse response);

  /// Whether every row has the same PSF in this band whatever its injection says.
  bool is_fixed(int band) const;
  /// The kernel of one row, as on an image that is not turned. \throws DataError if it
  /// is unusable.
  void make(int band, const catalogue::Injection& injection,
            psf::FunctionKernelWorkspace& workspace, psf::LatticeKernel& kernel) const;
  /// How the row's kernel is to be turned to be that of its host's image as it lies on
  /// the stamp; the identity for a kernel that no turn changes.
  psf::PlaneTurn turn_of(int band, const catalogue::Injection& injection) const;

 private:
  std::vector<config::PsfSection> sections_;
  std::shared_ptr<const Inputs> inputs_;
  int oversample_;
  psf::PixelResponse response_;
  PerBand<std::vector<psf::LatticeKernel>> stored_;  ///< pixelised kinds, by psf_index
  PerBand<std::vector<char>> stored_is_round_;       ///< whether no turn changes it
};

/// Full width of a row's PSF in one band: what `convolve.oversample: auto` goes by. For
/// stored kernels, that of the Gaussian with the kernel's peak over its sum.
double fwhm_of(const config::PsfSection& section, const PsfInput& input,
               const catalogue::Injection& injection, int band);

}  // namespace lensmill::stages
