#pragma once

#include <memory>
#include <string>

#include "stages/factory.hpp"

namespace lensmill::pipeline {

/// Outcome of a run's PSF self-test.
struct PsfCheck {
  std::string text;  ///< the tables of all PSFs
  int tested = 0;
  int failed = 0;
  int warnings = 0;
};

/// Hold every PSF of a run to what its stated policy promises (measure::run): each
/// band's sharpest, median and broadest row, or each kernel of a list (the first 32).
/// \independent
PsfCheck check_psfs(const stages::Setup& setup,
                    const std::shared_ptr<const stages::Inputs>& inputs);

}  // namespace lensmill::pipeline
