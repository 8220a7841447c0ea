#pragma once

#include <memory>

#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/parallel/communicator.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

/// The catalogue's rows. A file is validated in one pass by the root, which also makes
/// the index of a CSV file; the other ranks open it without reading its rows.
/// \throws on all ranks alike: IoError, DataError with the first 20 problems
/// \collective
std::shared_ptr<const catalogue::Rows> open_rows(
    const config::CatalogueSection& section, const catalogue::Needs& needs,
    const parallel::Communicator& world);

}  // namespace lensmill::pipeline
