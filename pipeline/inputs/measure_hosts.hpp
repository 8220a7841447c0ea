#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/parallel/communicator.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

struct MeasuredHosts {
  stages::HostMeasurements measurements;
  std::vector<std::string> warnings;  ///< hosts that cannot be used, one line per kind
};

/// NaN for every host and band.
stages::HostMeasurements unmeasured(std::int64_t hosts, std::size_t bands);

/// Measure cutouts in all bands (imaging::measure_host), each host by one rank; the
/// result is the same on every rank, bit for bit for any number of ranks. Pixels that
/// are not finite are left out; with one in the aperture the flux is NaN, without a
/// finite one in the frame all but the flux are, too. A flux that is not positive is
/// NaN. The centroid is that of the band with the most flux, NaN if no band has any.
/// \param aperture_radius_pix of the host's flux, in pixels of the cutouts
/// \param only these hosts, each once; the others are left NaN. Empty: all of them
/// \throws IoError, DataError on all ranks alike
/// \collective
MeasuredHosts measure_hosts(const stages::HostCutouts& hosts, const BandNames& bands,
                            double aperture_radius_pix,
                            const parallel::Communicator& world,
                            const std::vector<std::int64_t>& only = {});

}  // namespace lensmill::pipeline
