#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/imaging/outside_light.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/psf_bank.hpp"

namespace lensmill::stages {

/// What renders and convolves with one margin around the stamp.
struct MarginLevel {
  std::shared_ptr<const imaging::ArcRenderer> renderer;
  std::shared_ptr<const imaging::Convolver> convolver;
  std::shared_ptr<const PsfBank> bank;
  /// The same PSFs without the pixel response; null unless `aperture_mask: circle`.
  std::shared_ptr<const PsfBank> bank_without_pixel;

  int margin_pix() const { return convolver->lattice().margin_pix; }
};

/// The margins that a run's rows may have (`render.margin_pix`): one that is stated, or
/// up to four, of which each row takes the least that keeps the accuracy contract.
/// Never empty. Which row takes which depends on the row alone, not on the run's
/// others.
struct MarginLevels {
  /// Of wings_of, reused from row to row.
  struct WingsBuffers {
    psf::FunctionKernelWorkspace function_kernel;
    psf::LatticeKernel kernel;
    imaging::PsfWings wings;
  };

  std::vector<MarginLevel> levels;  ///< by rising margin
  /// Whether light outside the stamp counts: not for the legacy operator.
  bool knows_outside = true;
  /// Of all bands' PSFs, where every row has the same.
  std::optional<imaging::PsfWings> fixed_wings;

  const MarginLevel& least() const { return levels.front(); }
  /// The level on which these planes were rendered.
  const MarginLevel& of(const imaging::ArcPlanes& planes) const;
  /// The wings of a row's PSFs in all bands, by its kernels at the least margin.
  const imaging::PsfWings& wings_of(const catalogue::Injection& injection, int bands,
                                    WingsBuffers& buffers) const;
};

/// `render.margin_pix: auto`: 0, and an eighth, a quarter and a half of the stamp.
std::vector<int> margins_for(int stamp_size_pix);

/// The levels of a run. \param lattice of the run; its margin is not looked at
/// \throws DataError for an unusable stored kernel, naming it
std::shared_ptr<const MarginLevels> make_margin_levels(
    const config::RunConfig& config, const std::shared_ptr<const Inputs>& inputs,
    imaging::Lattice lattice, imaging::Deposit deposit);

}  // namespace lensmill::stages
