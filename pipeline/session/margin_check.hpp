#pragma once

#include <cstdint>
#include <string>

#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// What light from outside the stamp and its margin does to a run's rows.
struct MarginCheck {
  std::int64_t rows = 0;        ///< looked at
  std::int64_t short_rows = 0;  ///< of them: it breaks the accuracy contract
  std::int64_t worst_id = 0;    ///< injection that misses most
  double worst_error = 0.0;     ///< by this factor of what is allowed
  int margin_pix = 0;           ///< as configured
  int enough_pix = 0;           ///< the margin that mends all rows looked at

  /// One sentence with the fix; "" where no row is short.
  std::string warning() const;
};

/// Render rows spread over the run, for about a second, as configured and with a margin
/// as wide as half of the kernel (nothing farther out acts on the stamp), and compare
/// the arcs after the PSF: render.pixel_tolerance in every pixel, render.core_tolerance
/// in the largest aperture. Rows without light outside the stamp are not rendered
/// twice. Nothing is looked at with the legacy operator, which takes no margin.
/// \independent \throws DataError for a row that cannot be drawn
MarginCheck check_margin(const Session& session);

}  // namespace lensmill::pipeline
