#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/parallel/communicator.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

/// The catalogue's rows. A file is validated in one pass by the root, which also makes
/// the index of a CSV file; the other ranks open it without reading its rows. Columns
/// in another unit than their quantity's are converted, which `warnings` (of the root)
/// say. Columns of `used_elsewhere` (in any case; names of hosts' files, say) are
/// passed over. \throws on all ranks alike: IoError, DataError with the first 20
/// problems \collective
std::shared_ptr<const catalogue::Rows> open_rows(
    const config::CatalogueSection& section, const catalogue::Needs& needs,
    const parallel::Communicator& world, std::vector<std::string>& warnings,
    const std::vector<std::string>& used_elsewhere = {});

}  // namespace lensmill::pipeline
