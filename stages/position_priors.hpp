#pragma once

#include "lib/catalogue/priors.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::stages {

/// Add what the psf section states of PSFEx positions as priors of the columns
/// psf_x_pix_<band>, psf_y_pix_<band>. \throws ConfigError for a fixed position beyond
/// its model (psf::beyond_psfex_model): no row could be made
void add_position_priors(const config::RunConfig& config, const Inputs& inputs,
                         catalogue::Priors& priors);

}  // namespace lensmill::stages
