#pragma once

#include <string>
#include <vector>

#include "pipeline/archive/input_file.hpp"
#include "stages/config/run_config.hpp"

/// \file
/// What the files of hosts and inverse variances say of themselves, held against what
/// the configuration takes them for.

namespace lensmill::pipeline {

/// Headers of host images, weights and noise maps against stated units, zero points,
/// pixel scales and bands (image_claims.hpp).
/// \return what is only to be noticed, or was accepted by `accept_header_mismatch`
/// \throws IoError; DataError with all contradictions that are not accepted
/// \independent
std::vector<std::string> check_headers(const config::RunConfig& config);

/// No two bands may have the same image, no image be its own weight: by the files'
/// contents, whatever their names.
/// \param files with their digests
/// \return what is only to be noticed: bands that share a weight
/// \throws ConfigError with what to do
/// \independent
std::vector<std::string> check_shared_images(const config::RunConfig& config,
                                             const std::vector<InputFile>& files);

}  // namespace lensmill::pipeline
