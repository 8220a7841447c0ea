#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stages/factory.hpp"

namespace lensmill::pipeline {

/// Outcome of a run's PSF self-test.
struct PsfCheck {
  std::string text;  ///< the tables of all PSFs
  int given = 0;     ///< kernels of all bands, each put to the cheap checks at least
  int tested = 0;    ///< of these, those that got the whole test
  int failed = 0;
  int warnings = 0;
  /// What is to be looked at before a run: kernels that are off their origin or change
  /// a star's flux, models asked outside their range; one sentence each.
  std::vector<std::string> notes;
  std::string worst;  ///< tables of the worst kernels by host, of bands that have such
};

/// Hold every PSF of a run to what its stated policy promises: the whole test
/// (measure::run) for each band's sharpest, median and broadest row, or for the first
/// 32 kernels of a list; the cheap checks (measure::check_kernel) for every kernel of a
/// list; one summary per PSFEx model. Sum, place of the core and width of every kernel
/// are looked at (psf_worst.hpp). The text says how many got which.
/// \independent
PsfCheck check_psfs(const stages::Setup& setup,
                    const std::shared_ptr<const stages::Inputs>& inputs);

/// "N PSFs tested: ..., (M given: ...)", for the end of a command.
std::string counts_text(const PsfCheck& check);

}  // namespace lensmill::pipeline
