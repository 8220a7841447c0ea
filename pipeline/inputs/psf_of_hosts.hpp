#pragma once

#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/input_file.hpp"
#include "pipeline/inputs/host_names.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

/// \file
/// PSFs that are tied to their hosts: a FITS file for each host (`file_per_host`), a
/// cube in the hosts' order (`plane: host`), the model of each host's CCD (`ccdname` by
/// a column), CCD positions by a table of the hosts (`position.columns`).

namespace lensmill::pipeline {

/// Whether a column of a table that names the hosts may be asked for.
bool psf_needs_host_table(const config::RunConfig& config);

/// Columns of the run's catalogue that say something of hosts' PSFs, where that is the
/// table that names the hosts (\param host_table "" if there is none).
std::vector<std::string> psf_columns_of_hosts(const config::RunConfig& config,
                                              const std::string& host_table);

/// Open and check them, and say in `psf` which is whose. Each file of kernels is read
/// by one rank, at most 1 GiB of a band; files that several hosts share are read once.
/// What a file says of its band, its scale and its object is held against the
/// configuration. \param names of the root \param warnings the same on every rank
/// \return the files, without digests but where there are too many to be listed
/// \throws on all ranks alike: ConfigError, DataError with the first 10 files that
/// cannot
///   be used: as files_of_hosts, find_planes, open_psf; another object than the host
/// \collective over `world`
std::vector<InputFile> open_psf_of_hosts(const config::RunConfig& config,
                                         const HostNames& names,
                                         const parallel::Communicator& world,
                                         PerBand<stages::PsfInput>& psf,
                                         std::vector<std::string>& warnings);

}  // namespace lensmill::pipeline
