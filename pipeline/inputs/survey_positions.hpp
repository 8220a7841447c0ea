#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

/// Positions of hosts on the sky or on the first band's image, as a file gives them.
struct HostPositions {
  config::PositionFrame frame = config::PositionFrame::sky;
  std::vector<double> first;  ///< right ascension in degrees, or x from 1
  std::vector<double> second;
  std::vector<std::int64_t> row{};  ///< of the file, from 0
  std::int64_t rows = 0;            ///< that the file has
  /// Units that were converted, single precision that moves hosts.
  std::vector<std::string> warnings;
};

/// The positions of a CSV, HDF5 or FITS file (e.g. a Tractor catalogue) that pass the
/// cuts, in the file's order: host_index counts these. Without `columns` the file's own
/// names say the frame: ra_deg, dec_deg or x_pix, y_pix, else ra, dec in any case.
/// Read by blocks of rows: 16 bytes per position are kept. A position that is not
/// finite is kept (its rows are bad_host). Angles in another unit than degrees are
/// converted where the file states their unit. \throws IoError; DataError: not a table,
///   no such columns, both kinds of columns, a unit that is no angle (or no pixel),
///   cells that are no numbers, no position left
/// \independent
HostPositions read_positions(const config::SurveyPositions& positions);

}  // namespace lensmill::pipeline
