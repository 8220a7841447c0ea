#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/core/bands.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

/// Open the FITS images or cubes [plane, y, x] of `noise.invvar`, nmgy^-2, one per band
/// of the run. Pixels are read when a row asks for them.
/// \throws IoError; DataError if they differ in shape or are smaller than the stamp
std::shared_ptr<const stages::InvvarMaps> open_invvar_maps(
    const std::map<std::string, std::string>& files, const BandNames& bands,
    int stamp_size_pix);

}  // namespace lensmill::pipeline
