#pragma once

#include "lib/config/reader.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::config {

/// `priors.joint_tables`: columns of tables, under our names or mapped, after cuts.
/// Problems are reported for `file`, with the row where it is one row's.
void read_joint_tables(const Section& priors, RunConfig& config,
                       const TableOpener& open_table);

}  // namespace lensmill::config
