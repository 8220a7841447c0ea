#pragma once

#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/inputs/source_galaxies.hpp"

namespace lensmill::pipeline {

struct MeasuredGalaxies {
  stages::GalaxyMeasurements measurements;
  std::vector<std::string> warnings;  ///< galaxies that cannot be used
};

/// Read, clean and measure all galaxies (light/galaxy_stamp.hpp), each by one rank; the
/// result is the same on every rank, bit for bit for any number of ranks. A galaxy with
/// a pixel that is not finite, or with nothing above the noise, is NaN.
/// \throws DataError with the first 20 galaxies whose image cannot be read (catalogue,
///   row, file and what is wrong), IoError; on all ranks alike
/// \collective
MeasuredGalaxies measure_galaxies(const CatalogueGalaxies& galaxies,
                                  const config::GalaxySection& section,
                                  const parallel::Communicator& world);

}  // namespace lensmill::pipeline
