#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/parallel/communicator.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

struct OpenedRows {
  std::shared_ptr<const catalogue::Rows> rows;
  /// Columns that are angles from the sky's north through east, still to be put on the
  /// stamp (rows_on_sky.hpp).
  std::vector<std::string> sky_angles{};
  std::vector<std::string> warnings{};  ///< of the root
};

/// The catalogue's rows. A file is validated in one pass by the root, which also makes
/// the index of a CSV file, the list of rows that pass the cuts and the types of
/// carried columns; the other ranks open it without reading its rows. With a mapping,
/// its columns are taken; without, all columns, of which those in another unit than
/// their quantity's are converted, which the warnings say. Columns of `used_elsewhere`
/// (in any case; names of hosts' files, say), of cuts and carried ones are passed over.
/// \throws on all ranks alike: IoError; ConfigError: as MappedSource, select_rows;
/// DataError with the first 20 problems \collective
OpenedRows open_rows(const config::CatalogueSection& section,
                     const catalogue::Needs& needs, const parallel::Communicator& world,
                     const std::vector<std::string>& used_elsewhere = {});

}  // namespace lensmill::pipeline
