#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "lib/psf/pixel_kernel.hpp"
#include "lib/psf/psfex_model.hpp"
#include "pipeline/inputs/host_names.hpp"
#include "pipeline/inputs/psf_header.hpp"

namespace lensmill::pipeline {

/// Different texts in order of first mention, and which of them is each host's.
struct Distinct {
  std::vector<std::string> texts;
  std::vector<std::int64_t> of_host;
};

/// What is to be read of one band for its hosts.
struct HostPsfQuestion {
  const config::RunConfig& config;
  PsfQuestion psf;
  const HostNames& names;
  const Distinct& texts;  ///< paths of files, or names of CCDs
};

/// One kernel for each file; every rank reads its share of them.
/// \param without_band becomes true if one of the files says no band of its image
/// \param warnings gets the first ones, the same on every rank
/// \throws on all ranks alike: DataError with the first 10 files that cannot be used
/// \collective over `world`
std::vector<psf::PixelKernel> read_host_kernels(const HostPsfQuestion& question,
                                                const parallel::Communicator& world,
                                                bool& without_band,
                                                std::vector<std::string>& warnings);

/// One PSFEx model for each file, or for each CCD of the section's file.
/// Throws and is collective as the function above.
std::vector<psf::PsfexModel> read_host_models(const HostPsfQuestion& question,
                                              const parallel::Communicator& world,
                                              std::vector<std::string>& warnings);

/// "host 5 (39627...) and 2 more, PLACE".
std::string with_hosts(const std::string& place, const std::vector<std::int64_t>& hosts,
                       const HostNames& names);

}  // namespace lensmill::pipeline
