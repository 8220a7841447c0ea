#pragma once

#include <memory>
#include <vector>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/imaging/outside_light.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/lattice_choice.hpp"
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
/// up to four from 0 to as far as the run's PSFs reach, of which each row takes the
/// least that keeps the accuracy contract. Never empty.
struct MarginLevels {
  std::vector<MarginLevel> levels;  ///< by rising margin
  /// Of the PSFs of the run's first rows; empty where nothing outside the stamp counts
  /// (the legacy operator).
  imaging::PsfWings wings;

  const MarginLevel& least() const { return levels.front(); }
  /// The level on which these planes were rendered.
  const MarginLevel& of(const imaging::ArcPlanes& planes) const;
};

/// `render.margin_pix: auto`: 0, and a quarter, a half and all of what the PSFs reach,
/// at most as far as the stamp is wide.
std::vector<int> margins_for(int reach_pix, int stamp_size_pix);

/// The levels of a run. \param lattice of the run; its margin is not looked at
/// \throws DataError for an unusable stored kernel, naming it
std::shared_ptr<const MarginLevels> make_margin_levels(
    const config::RunConfig& config, const std::shared_ptr<const Inputs>& inputs,
    imaging::Lattice lattice, imaging::Deposit deposit,
    const std::vector<BandProbe>& probes);

}  // namespace lensmill::stages
