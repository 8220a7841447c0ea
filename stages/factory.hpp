#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/imaging/planes.hpp"
#include "stages/chain.hpp"
#include "stages/margin_levels.hpp"
#include "stages/psf_bank.hpp"

namespace lensmill::stages {

/// What a run's PSF self-test looks at: the kernels of a band's sharpest, median and
/// broadest row (one row if they are all the same).
struct PsfCase {
  int band = 0;
  std::string label;  ///< "r: Moffat, FWHM 4.62 px (median)"
  double fwhm_pix = 0.0;
  catalogue::Injection injection;  ///< a row that has this PSF
};

/// A run made ready: the chain and what was decided on the way.
struct Setup {
  std::shared_ptr<const Chain> chain;
  std::shared_ptr<const catalogue::InjectionSampler> sampler;
  catalogue::Needs needs;
  std::shared_ptr<const MarginLevels> margins;
  // Of the least margin:
  imaging::Lattice lattice;
  imaging::Deposit deposit = imaging::Deposit::spline;
  std::shared_ptr<const imaging::Convolver> convolver;
  std::shared_ptr<const PsfBank> bank;
  std::vector<PsfCase> psf_cases;
};

/// Build everything a run needs; the same on every rank. Reads the catalogue's first
/// rows to learn the PSFs' widths (`convolve.oversample: auto`).
/// \throws ConfigError, DataError
Setup make_setup(const config::RunConfig& config,
                 const std::shared_ptr<const Inputs>& inputs);

/// What the config needs of each row.
catalogue::Needs needs_of(const config::RunConfig& config, const Inputs& inputs);

}  // namespace lensmill::stages
