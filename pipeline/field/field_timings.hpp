#pragma once

#include "pipeline/session/timings.hpp"

namespace lensmill::pipeline {

/// Seconds that a rank has spent.
struct FieldTimings {
  double render = 0.0;
  double exchange = 0.0;  ///< messages and deposits, waiting included
  double transform = 0.0;
  double measure = 0.0;
  double write = 0.0;
};

}  // namespace lensmill::pipeline
