#pragma once

#include "pipeline/cli/command.hpp"

namespace lensmill::pipeline::cli {

/// Where the configuration has a section `field`: open and check everything that
/// `lensmill field` would, and say what memory it takes on `ranks` ranks.
/// \collective \throws as run_field
void check_field(const po::variables_map& values, const Context& context, int ranks);

}  // namespace lensmill::pipeline::cli
