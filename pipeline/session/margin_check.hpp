#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// What light from outside the stamp and its margin does to a run's rows.
struct MarginCheck {
  std::int64_t rows = 0;        ///< looked at
  std::int64_t short_rows = 0;  ///< of them: it breaks the accuracy contract
  std::int64_t worst_id = 0;    ///< injection that misses most
  double worst_error = 0.0;     ///< by this factor of what is allowed
  std::map<int, std::int64_t> rows_by_margin;  ///< looked at, by render_margin_pix
  /// The margin that mends all rows looked at; 0 where each row has its own.
  int enough_pix = 0;

  /// One sentence with the fix; "" where no row is short.
  std::string warning() const;
  /// "margin: 0 pix for 57 rows, 8 pix for 3 rows of the sample"; "" without rows.
  std::string text() const;
};

/// Render rows spread over the run, for about a second, as configured and with a margin
/// as wide as half of the kernel (nothing farther out acts on the stamp), and compare
/// the arcs after the PSF: render.pixel_tolerance in every pixel, render.core_tolerance
/// in the largest aperture. Rows without light outside the stamp are not rendered
/// twice. Nothing is looked at with the legacy operator, which takes no margin.
/// \param seconds no more rows are looked at after this time
/// \independent \throws DataError for a row that cannot be drawn
MarginCheck check_margin(const Session& session, double seconds = 1.0);

}  // namespace lensmill::pipeline
